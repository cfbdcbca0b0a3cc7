// The files of a grid's cells: small pictures of the cells in view, small copies of their videos, and whole files.
import { ask, media, release } from "./base.js";

// The number of files that are fetched at the same time.
const LANES = 4;
// The number of small pictures per request: small, so that the first ones appear soon.
const BATCH = 12;
// The number of copies that are kept, including those of cells that have left the view.
const MOST_KEPT = 96;
const MOST_SENT = 500;

// The pictures that were sent for sweeps under way, by widget manager and address of the file. When a sweep is done,
// another grid replaces its grid, and shows them at once.
const sent = new WeakMap();

function sentTo({ widget_manager: manager = globalThis }) {
  if (!sent.has(manager)) sent.set(manager, new Map());
  return sent.get(manager);
}

/** Runs only a few tasks at the same time. */
export class Lanes {
  #ends = Array.from({ length: LANES }, () => Promise.resolve());
  #turn = 0;

  /** Promises the task's result. */
  run(task) {
    const lane = (this.#turn += 1) % LANES;
    const end = this.#ends[lane].then(task);
    this.#ends[lane] = end.catch(() => {});
    return end;
  }
}

/** The addresses of the cells' files. */
export class Addresses {
  #model;
  #coming = new Map();

  constructor(model) {
    this.#model = model;
  }

  of(number) {
    return this.#once(String(number), this.#model.get("states")[number].url);
  }

  /** The address of a small copy, because only a few whole files could play at the same time. */
  ofSmall(number) {
    return this.#once(`small-${number}`, "");
  }

  /** Free the oldest copies if there are too many. `isUsed(number)` returns whether a cell plays its copy. */
  trim(isUsed) {
    for (const [file, coming] of this.#coming) {
      if (this.#coming.size <= MOST_KEPT) return;
      if (!file.startsWith("small-") || isUsed(Number(file.slice(6)))) continue;
      this.#coming.delete(file);
      coming.then(release, () => {});
    }
  }

  #once(file, url) {
    if (!this.#coming.has(file)) {
      const coming = media(this.#model, { file, url });
      this.#coming.set(file, coming);
      coming.catch(() => this.#coming.delete(file));
    }
    return this.#coming.get(file);
  }

  release() {
    for (const coming of this.#coming.values()) coming.then(release, () => {});
  }
}

/** The small pictures. `came(number, address)` is called for each, `tell(error)` if they cannot be requested. */
export class Pictures {
  #model;
  #came;
  #tell;
  #addresses = new Map();
  #asked = new Set();
  #wanted = [];
  #isAsking = false;

  constructor(model, { came, tell }) {
    this.#model = model;
    this.#came = came;
    this.#tell = tell;
  }

  /** The address of a picture that has arrived, or undefined. */
  of(number) {
    return this.#addresses.get(number);
  }

  /** Take a picture that Python sent without a request. */
  receive(number, bytes) {
    const kept = sentTo(this.#model);
    const blob = new Blob([bytes], { type: "image/jpeg" });
    kept.set(this.#model.get("states")[number].url, blob);
    if (kept.size > MOST_SENT) kept.delete(kept.keys().next().value);
    this.#take(number, blob);
  }

  /** Take the pictures that were sent to another grid before. */
  recall() {
    const kept = sentTo(this.#model);
    this.#model.get("states").forEach(({ url }, number) => kept.has(url) && this.#take(number, kept.get(url)));
  }

  #take(number, blob) {
    if (this.#addresses.has(number)) return;
    this.#asked.add(number);
    this.#addresses.set(number, URL.createObjectURL(blob));
    this.#came(number, this.of(number));
  }

  /** Request pictures that were not requested yet. These replace earlier ones that still wait for their request. */
  async want(numbers) {
    this.#wanted = numbers.filter((number) => !this.#asked.has(number));
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#wanted.length) await this.#ask(this.#wanted.splice(0, BATCH));
    this.#isAsking = false;
  }

  async #ask(some) {
    some.forEach((number) => this.#asked.add(number));
    try {
      const { numbers, buffers } = await ask(this.#model, "pictures", { numbers: some }, [], 0);
      numbers.forEach((number, at) => this.#take(number, new Blob([buffers[at]], { type: "image/jpeg" })));
    } catch (error) {
      some.forEach((number) => this.#asked.delete(number));
      this.#wanted = [];
      this.#tell(error);
    }
  }

  release() {
    this.#wanted = [];
    for (const address of this.#addresses.values()) URL.revokeObjectURL(address);
  }
}
