// One enlarged dream of a grid, in the place of its cells: the whole file, its prompt and facts, and its neighbours.
import { ask, button, element } from "./base.js";
import { enlarged } from "./compare.js";
import { isStill } from "./grid_tile.js";

/** The enlarged dream. `opened()` is called when it replaces the cells, and `closed(number)` when they return. */
export class Large {
  root = element("div", "dream-large", "", { role: "group", tabindex: "-1", hidden: true });
  #model;
  #view;
  #number = -1;
  #order = [];
  #shown = null;
  #round = 0;
  #back = button("‹ Previous", () => this.#turn(-1), "dream-button", { "aria-label": "previous" });
  #on = button("Next ›", () => this.#turn(1), "dream-button", { "aria-label": "next" });
  #place = element("span", "dream-large-place");

  constructor(model, view) {
    this.#model = model;
    this.#view = view;
    const shut = button("Back to all", () => this.close(), "dream-button dream-large-shut", { "aria-label": "back to all" });
    this.head = element("div", "dream-large-head", "", {}, this.#back, this.#place, this.#on, shut);
    this.root.addEventListener("keydown", (event) => this.#act(event));
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Show one of the dreams whose numbers are in `order`. */
  open(number, order) {
    this.#order = order;
    this.root.hidden = false;
    this.#view.opened();
    this.#show(number);
  }

  close() {
    if (!this.isOpen) return;
    this.#leave();
    this.root.hidden = true;
    this.#view.closed(this.#number);
  }

  /** Remove it from the page. */
  release() {
    this.#leave();
  }

  #leave() {
    this.#round += 1;
    this.#shown?.leave(false);
    this.#shown = null;
  }

  #turn(by) {
    const next = this.#order[this.#order.indexOf(this.#number) + by];
    if (next !== undefined) this.#show(next);
  }

  async #show(number) {
    this.#leave();
    const round = this.#round;
    const { prompt, ratio } = this.#model.get("cells")[number];
    const { kind } = this.#model.get("states")[number];
    const { poster, address, tell } = this.#view;
    this.#number = number;
    this.#shown = enlarged([{ prompt, kind, ratio, poster: poster(number), address: () => address(number) }], { tell, shuts: false });
    const facts = element("div", "dream-facts", "\u00a0");
    this.#shown.root.insertBefore(facts, this.#shown.root.lastChild);
    this.root.replaceChildren(this.head, this.#shown.root);
    const at = this.#order.indexOf(number);
    [this.#back.disabled, this.#on.disabled] = [at === 0, at === this.#order.length - 1];
    this.#place.textContent = `${at + 1} of ${this.#order.length}`;
    this.root.setAttribute("aria-label", `${at + 1} of ${this.#order.length}: ${prompt}`);
    this.root.focus({ preventScroll: true });
    if (!isStill()) this.#shown.controls?.start();
    const told = await ask(this.#model, "facts", { number }, [], 0).catch(() => null);
    if (told && round === this.#round) facts.textContent = told.facts.join(" · ");
  }

  /** Handle a key. Arrow keys on the timeline, and Space on a button, keep their usual meaning. */
  #act(event) {
    const isControl = event.target.matches("button, input");
    const act = {
      Escape: () => this.close(),
      ArrowLeft: event.target.matches("input") ? null : () => this.#turn(-1),
      ArrowRight: event.target.matches("input") ? null : () => this.#turn(1),
      " ": isControl ? null : () => this.#shown.controls?.toggle(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
