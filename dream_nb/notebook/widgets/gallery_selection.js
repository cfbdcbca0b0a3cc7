// The gallery's selection: the trait `chosen`.
import { ask, change } from "./base.js";

/** The keys of the selected dreams, in the order in which they were selected. */
export class Selection {
  #model;
  #rows;
  #tell;
  #keys;

  constructor(model, rows, tell) {
    this.#model = model;
    this.#rows = rows;
    this.#tell = tell;
    this.reflect();
  }

  get keys() {
    return this.#model.get("chosen");
  }

  has(key) {
    return this.#keys.has(key);
  }

  /** Read the trait again. */
  reflect() {
    this.#keys = new Set(this.keys);
  }

  set(keys) {
    change(this.#model, "chosen", [...new Set(keys)]);
  }

  toggle(index) {
    const key = this.#rows.at(index)?.key;
    if (key) this.set(this.has(key) ? this.keys.filter((one) => one !== key) : [...this.keys, key]);
  }

  /** Select only this dream; clear the selection if it was the only one. */
  pick(index) {
    const { key } = this.#rows.at(index);
    this.set(this.#keys.size === 1 && this.has(key) ? [] : [key]);
  }

  /** Select all from one index to another, both included. */
  async setBetween(from, to) {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const here = [];
    for (let index = first; index <= last && this.#rows.at(index); index += 1) here.push(this.#rows.at(index).key);
    const limit = last - first + 1;
    if (here.length === limit) return this.set(here);
    try {
      this.set((await ask(this.#model, "keys_between", { filters: this.#model.get("filters"), offset: first, limit })).keys);
    } catch (error) {
      this.#tell(error);
    }
  }
}
