// One dream in a grid: its small picture, a small copy of its video while it plays, and its buttons.
import { button, element, stateLabel } from "./base.js";
import { picture } from "./compare.js";

// Milliseconds after which a video plays under the pointer, so that a passing pointer does not play it.
const DWELL = 120;
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The element of a cell. Its buttons call `open()`, `compare()` and `pick()`, the pointer `hover(isOver)`. */
export class Tile {
  #cell;
  #shown = "";
  #state = element("span", "dream-cell-state");
  #done = element("i", "");
  #bar = element("div", "dream-cell-bar", "", {}, this.#done);
  #compare;
  #best;
  #box;
  #image = element("img", "dream-cell-picture", "", { alt: "", hidden: true });
  #sight = null;
  #film = null;
  #dwelling;
  #isActive = false;
  /** Whether it is in view, and whether the pointer is over it. */
  isSeen = false;
  isHovered = false;
  /** Whether its dream is finished, and whether it is a video. */
  isThere = false;
  isVideo = false;

  constructor(cell, { open, compare, pick, hover }) {
    this.#cell = cell;
    const key = { tabindex: "-1" };
    this.main = button("", open, "dream-cell-open", { ...key, title: cell.prompt });
    this.#compare = button("A/B", compare, "dream-button dream-cell-badge dream-cell-compare", { ...key, "aria-pressed": "false" });
    this.#best = button("☆", pick, "dream-button dream-cell-badge dream-cell-best", { ...key, "aria-pressed": "false" });
    this.#box = element("div", "dream-cell", "", {}, this.#image, this.#state, this.#bar, this.main, this.#compare, this.#best);
    this.#box.style.aspectRatio = cell.ratio.replace(":", " / ");
    this.#box.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.#enter(hover));
    this.#box.addEventListener("pointerleave", () => this.#leave(hover));
    this.node = element("div", "dream-cell-place", "", {}, this.#box, element("div", "dream-cell-caption", cell.caption));
  }

  /** The video while it is loaded, or null. */
  get video() {
    return this.#film?.node ?? null;
  }

  /** Let the Tab key reach the buttons of one cell only. */
  activate(isActive) {
    if (this.#isActive === isActive) return;
    this.#isActive = isActive;
    for (const one of [this.main, this.#compare, this.#best]) one.tabIndex = isActive ? 0 : -1;
  }

  /** Show the dream's status. `side` is "A" or "B" if it is compared, otherwise empty. */
  reflect(status, { side, isPicked }) {
    const { state, fraction, note, kind, url, problem } = status;
    const shown = JSON.stringify([status, side, isPicked]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { prompt } = this.#cell;
    this.isThere = Boolean(url) && !problem;
    this.isVideo = this.isThere && kind === "video";
    const says = this.isThere ? "" : problem || (state === "failed" ? `not made: ${note}` : stateLabel(state));
    this.#state.textContent = says;
    this.#state.title = note || problem;
    this.#state.hidden = this.isThere;
    this.#bar.hidden = this.isThere || state === "failed";
    this.#done.style.width = `${100 * (fraction ?? 0)}%`;
    this.#box.dataset.state = this.isThere ? "completed" : problem ? "failed" : state;
    this.main.disabled = !this.isThere;
    this.main.setAttribute("aria-label", [`open: ${prompt}`, says].filter(Boolean).join(", "));
    this.#compare.hidden = this.#best.hidden = !this.isThere;
    this.#compare.textContent = side || "A/B";
    this.#reflectButton(this.#compare, Boolean(side), [`compare: ${prompt}`, side].filter(Boolean).join(", "));
    this.#best.textContent = isPicked ? "★" : "☆";
    this.#reflectButton(this.#best, isPicked, `best: ${prompt}`);
    this.#box.classList.toggle("dream-picked", isPicked);
    this.#box.classList.toggle("dream-compared", Boolean(side));
  }

  #reflectButton(one, isPressed, label) {
    one.setAttribute("aria-pressed", String(isPressed));
    one.setAttribute("aria-label", label);
  }

  /** Show the first preview of a dream that is being made. */
  look(bytes) {
    if (!this.#image.hidden && !this.#sight) return;
    const before = this.#sight;
    this.#sight = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    this.#show(this.#sight);
    if (before) URL.revokeObjectURL(before);
    this.#box.classList.add("dream-cell-seen");
  }

  /** Show the small picture of the finished dream. */
  show(address) {
    this.#show(address);
    if (this.#sight) URL.revokeObjectURL(this.#sight);
    this.#sight = null;
    this.#box.classList.remove("dream-cell-seen");
  }

  #show(address) {
    this.#image.src = address;
    this.#image.hidden = false;
  }

  /** Promises its video, loaded from the address that `address()` promises; null if it was freed meanwhile. */
  load(address) {
    if (!this.#film) {
      this.#film = picture({ prompt: this.#cell.prompt, kind: "video", address }, "dream-cell-picture dream-cell-film");
      this.#image.after(this.#film.node);
    }
    return this.#film.load();
  }

  /** Free its video. The picture stays. */
  unload() {
    this.#film?.free();
    this.#film = null;
  }

  #enter(hover) {
    this.isHovered = true;
    clearTimeout(this.#dwelling);
    this.#dwelling = setTimeout(() => hover(true), DWELL);
  }

  #leave(hover) {
    if (!this.isHovered) return;
    this.isHovered = false;
    clearTimeout(this.#dwelling);
    hover(false);
  }

  close() {
    clearTimeout(this.#dwelling);
    this.unload();
    if (this.#sight) URL.revokeObjectURL(this.#sight);
  }
}
