// The gallery's rows: what Python says of each dream, fetched in blocks, when they are needed.
import { ask } from "./base.js";

const BLOCK = 60;
const MOST = 1500;
// A list that is scrolled fast passes over rows that nobody sees: they are asked for when it has rested so long.
const PAUSE = 40;

/**
 * The rows that the filters admit, by their place in the list, and those that were seen before, by their key.
 * `view` says what is on the page: `range()`, the places from and to; `active`, the place of the keyboard; `shows(index)`;
 * `isSelected(key)`. It is told by `came()` that rows came, and by `tell(error)` why they did not.
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

  /** The row of a dream that was on the page, wherever it stands now. */
  of(key) {
    return this.#seen.get(key);
  }

  /** Forget which row stands where, and ask for those that are on the page. */
  reload() {
    this.#round += 1;
    this.#rows = new Map();
    this.#asked.clear();
    this.#fetch(Math.floor(this.#view.range()[0] / BLOCK));
  }

  /** Ask for the row of a place soon, if it is still on the page then. */
  need(index) {
    this.#needed.add(Math.floor(index / BLOCK));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const [first, last] = this.#view.range();
      for (const block of this.#needed) if ((block + 1) * BLOCK > first && block * BLOCK < last) this.#fetch(block);
      this.#needed.clear();
    }, PAUSE);
  }

  /** Take over a window of rows, as Python's `Gallery.window` answers. */
  take({ count, offset, rows }) {
    rows.forEach((row, at) => this.#rows.set(offset + at, row));
    for (const row of rows) this.#seen.set(row.key, row);
    this.#forget();
    this.count = count;
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
