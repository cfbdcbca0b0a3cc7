// The gallery's rows, fetched from Python in blocks when they are needed.
import { ask } from "./base.js";

const BLOCK = 60;
const MOST = 1500;
// Milliseconds before rows are fetched, so that fast scrolling does not fetch the rows that it passes.
const PAUSE = 40;

/**
 * The rows that match the filters, by index, and all rows that were fetched before, by key.
 * `view.range()` returns the indices on the page, `view.active` is the index of the active tile, `view.shows(index)`
 * returns whether a tile exists, `view.isSelected(key)` whether a dream is selected. `view.came()` is called when rows
 * have arrived, `view.tell(error)` when they could not be fetched.
 */
export class Rows {
  count = 0;
  #model;
  #view;
  #round = 0;
  #rows = new Map();
  #seen = new Map();
  #asked = new Set();
  #needed = new Set();
  #timer;

  constructor(model, view) {
    this.#model = model;
    this.#view = view;
  }

  at(index) {
    return this.#rows.get(index);
  }

  /** The row of a dream, whatever its index is now; undefined if it was not fetched. */
  of(key) {
    return this.#seen.get(key);
  }

  /** Forget the indices, and fetch the rows on the page. */
  reload() {
    this.#round += 1;
    this.#rows = new Map();
    this.#asked.clear();
    this.#fetch(Math.floor(this.#view.range()[0] / BLOCK));
  }

  /** Fetch the row of an index soon, if the index is still on the page then. */
  need(index) {
    this.#needed.add(Math.floor(index / BLOCK));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const [first, last] = this.#view.range();
      for (const block of this.#needed) if ((block + 1) * BLOCK > first && block * BLOCK < last) this.#fetch(block);
      this.#needed.clear();
    }, PAUSE);
  }

  /** Store the rows of a window, the answer of Python's `Gallery.window`. */
  take({ count, offset, rows }) {
    rows.forEach((row, at) => this.#rows.set(offset + at, row));
    for (const row of rows) this.#seen.set(row.key, row);
    this.#forget();
    this.count = count;
    this.#view.came();
  }

  /** Change fields of rows as Python has changed them, before the rows are fetched again. */
  patch(keys, fields) {
    for (const key of keys) Object.assign(this.#seen.get(key) ?? {}, fields);
    this.#view.came();
  }

  async #fetch(block) {
    const id = `${this.#round}:${block}`;
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    const round = this.#round;
    try {
      const answer = await ask(this.#model, "window", { filters: this.#model.get("filters"), offset: block * BLOCK, limit: BLOCK });
      if (round === this.#round) this.take(answer);
    } catch (error) {
      this.#asked.delete(id);
      if (round === this.#round) this.#view.tell(error);
    }
  }

  #forget() {
    const view = this.#view;
    if (this.#seen.size > 3 * MOST) {
      for (const key of [...this.#seen.keys()].slice(0, MOST)) if (!view.isSelected(key)) this.#seen.delete(key);
    }
    if (this.#rows.size <= MOST) return;
    const farthest = [...this.#rows.keys()].sort((a, b) => Math.abs(b - view.active) - Math.abs(a - view.active));
    for (const index of farthest.slice(0, this.#rows.size - MOST / 2)) if (!view.shows(index)) this.#rows.delete(index);
    this.#asked.clear();
  }
}
