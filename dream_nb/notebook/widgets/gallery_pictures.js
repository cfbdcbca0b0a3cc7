// The gallery's small pictures: their addresses, and the making of those that are missing.
import { ask, media, release } from "./base.js";

const MOST = 400;
// So many are made at once: they appear as they are made.
const BATCH = 12;

/**
 * The small pictures of rows. `view` says what is on the page: `keys()`, the keys of its tiles. It is told by `made()` that
 * some were made, and by `tell(error)` why they were not.
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

  /** What is wrong with the picture of a row, or undefined. */
  problem(key) {
    return this.#problems.get(key);
  }

  /** Promises the address of a picture that is made. */
  address({ key, small }) {
    if (!this.#addresses.has(key)) {
      const coming = media(this.#model, { file: `small:${key}`, url: small });
      this.#addresses.set(key, coming);
      coming.catch(() => this.#addresses.delete(key));
      if (this.#addresses.size > MOST) this.#releaseOldest();
    }
    return this.#addresses.get(key);
  }

  /** Have the picture of a row made by the next `make()`, if it is still on the page then. */
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
      // The tiles whose pictures are still missing want them again.
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
