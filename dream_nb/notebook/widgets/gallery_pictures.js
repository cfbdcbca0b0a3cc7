// The gallery's small pictures. Python makes those that are missing.
import { ask, media, release } from "./base.js";

const MOST = 400;
// The number of pictures per request: small, so that the first ones appear soon.
const BATCH = 12;

/**
 * The small pictures of rows. `view.keys()` returns the keys of the tiles on the page. `view.made()` is called when
 * pictures were made, `view.tell(error)` when they could not be made.
 */
export class Pictures {
  #model;
  #rows;
  #view;
  #addresses = new Map();
  #wanted = new Set();
  #problems = new Map();
  #isMaking = false;
  #isClosed = false;

  constructor(model, rows, view) {
    this.#model = model;
    this.#rows = rows;
    this.#view = view;
  }

  /** The reason why the picture of a row could not be made, or undefined. */
  problem(key) {
    return this.#problems.get(key);
  }

  /** Promises the address of a row's picture, which must exist. */
  address({ key, small }) {
    if (!this.#addresses.has(key)) {
      const coming = media(this.#model, { file: `small:${key}`, url: small });
      this.#addresses.set(key, coming);
      coming.catch(() => this.#addresses.delete(key));
      if (this.#addresses.size > MOST) this.#releaseOldest();
    }
    return this.#addresses.get(key);
  }

  /** Let the next `make()` make the picture of a row, if the row is still on the page then. */
  want(key) {
    this.#wanted.add(key);
  }

  async make() {
    if (this.#isMaking) return;
    this.#isMaking = true;
    while (this.#wanted.size && !this.#isClosed) {
      const shown = new Set(this.#view.keys());
      const keys = [...this.#wanted].filter((key) => shown.has(key)).slice(0, BATCH);
      this.#wanted.clear();
      if (!keys.length || !(await this.#makeSome(keys))) break;
      // Calls `want` again for the tiles whose pictures are still missing.
      this.#view.made();
    }
    this.#isMaking = false;
  }

  async #makeSome(keys) {
    try {
      const { problems } = await ask(this.#model, "pictures", { keys }, [], 0);
      for (const key of keys) {
        if (problems[key]) this.#problems.set(key, problems[key]);
        const row = this.#rows.of(key);
        if (row) row.made = !this.#problems.has(key);
      }
      return true;
    } catch (error) {
      this.#view.tell(error);
      return false;
    }
  }

  #releaseOldest() {
    const shown = new Set(this.#view.keys());
    const oldest = [...this.#addresses.keys()].find((key) => !shown.has(key));
    if (oldest === undefined) return;
    this.#addresses.get(oldest).then(release, () => {});
    this.#addresses.delete(oldest);
  }

  close() {
    this.#isClosed = true;
    for (const coming of this.#addresses.values()) coming.then(release, () => {});
  }
}
