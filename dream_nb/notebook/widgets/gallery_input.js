// The gallery's list: pointer and keyboard.

const isCommand = (event) => event.ctrlKey || event.metaKey;

/** Selects, opens and marks dreams. `show(keys)` enlarges dreams; `stars` are the numbers of stars to give. */
export class Input {
  #list;
  #rows;
  #selection;
  #actions;
  #stars;
  #show;
  // The index at which a selection with Shift begins.
  #anchor = 0;

  constructor({ list, rows, selection, actions, stars, show }) {
    this.#list = list;
    this.#rows = rows;
    this.#selection = selection;
    this.#actions = actions;
    this.#stars = stars;
    this.#show = show;
    list.node.addEventListener("click", (event) => this.#click(event));
    list.node.addEventListener("dblclick", (event) => this.#doubleClick(event));
    list.node.addEventListener("keydown", (event) => {
      if (!this.#press(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Let the next selection with Shift begin at the first dream. */
  reset() {
    this.#anchor = 0;
  }

  #click(event) {
    const index = this.#list.indexOf(event);
    if (!this.#rows.at(index)) return;
    this.#list.focus();
    if (event.shiftKey) this.#selection.setBetween(this.#anchor, index);
    else if (isCommand(event)) this.#selection.toggle(index);
    else this.#selection.pick(index);
    if (!event.shiftKey) this.#anchor = index;
    this.#list.go(index);
  }

  #doubleClick(event) {
    const row = this.#rows.at(this.#list.indexOf(event));
    if (!row) return;
    this.#selection.set([row.key]);
    this.#show([row.key]);
  }

  /** Handle a key. Returns false if it has no meaning here. */
  #press(event) {
    const { active } = this.#list;
    const to = this.#target(event.key);
    if (to !== undefined) this.#move(event, to);
    else if (isCommand(event) && event.key.toLowerCase() === "a") this.#selection.setBetween(0, this.#rows.count - 1);
    else if (isCommand(event) || event.altKey) return false;
    else if (event.key === " ") this.#selection.toggle(active), (this.#anchor = active);
    else if (event.key === "Enter") this.#open();
    else if (event.key === "Escape") this.#selection.set([]);
    else if (event.key === "Delete" || event.key === "Backspace") this.#actions.remove();
    else if (event.key === "0" || this.#stars.includes(Number(event.key))) this.#rate(Number(event.key));
    else return false;
    return true;
  }

  /** The index that a key moves to, possibly outside the list; undefined if the key does not move. */
  #target(key) {
    const { active, columns, page } = this.#list;
    return {
      ArrowLeft: active - 1, ArrowRight: active + 1, ArrowUp: active - columns, ArrowDown: active + columns,
      Home: 0, End: this.#rows.count - 1, PageUp: active - page, PageDown: active + page,
    }[key];
  }

  #move(event, to) {
    if ((to >= 0 && to < this.#rows.count) || event.key.startsWith("Page")) this.#list.go(to);
    if (event.shiftKey) this.#selection.setBetween(this.#anchor, this.#list.active);
    else this.#anchor = this.#list.active;
  }

  #open() {
    const row = this.#rows.at(this.#list.active);
    if (row) this.#show(this.#selection.keys.length === 2 ? this.#selection.keys : [row.key]);
  }

  /** Give stars to the selected dreams, or to the active one if none is selected. */
  #rate(stars) {
    const row = this.#rows.at(this.#list.active);
    if (!this.#selection.keys.length && row) this.#actions.mark({ keys: [row.key], stars });
    else this.#actions.mark({ stars });
  }
}
