// The gallery's control for stars: one rating for all selected dreams.
import { element } from "./base.js";

const TITLE = "Stars: click one, or press an arrow key or a digit. Click the last star to remove all";

/** A rating from 0 to `most`, as one control. `changed(stars)` is called when the user changes it. */
export class Stars {
  #most;
  #changed;
  #value = null;

  constructor(most, changed) {
    this.#most = most;
    this.#changed = changed;
    const stars = Array.from({ length: most }, (_, at) => element("span", "dream-star", "★", { "aria-hidden": "true", "data-stars": at + 1 }));
    this.node = element("span", "dream-stars", "", {
      role: "slider", tabindex: 0, title: TITLE, "aria-label": "stars of the selection", "aria-valuemin": 0, "aria-valuemax": most,
    }, ...stars);
    this.node.addEventListener("click", (event) => {
      const stars = Number(event.target.dataset.stars ?? 0);
      if (stars) this.#give(stars === this.#value ? 0 : stars);
    });
    this.node.addEventListener("keydown", (event) => {
      const stars = this.#target(event.key);
      if (stars === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.#give(Math.max(0, Math.min(most, stars)));
    });
    this.set(null);
  }

  /** Show a rating; null if the selected dreams have different ones. */
  set(value) {
    this.#value = value;
    const shown = value ?? 0;
    this.node.setAttribute("aria-valuenow", shown);
    this.node.setAttribute("aria-valuetext", value === null ? "different numbers of stars" : `${shown} of ${this.#most} stars`);
    [...this.node.children].forEach((star, at) => star.classList.toggle("dream-given", at < shown));
  }

  #target(key) {
    const now = this.#value ?? 0;
    if (/^\d$/.test(key)) return Number(key);
    return { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, Home: 0, End: this.#most }[key];
  }

  #give(stars) {
    if (stars === this.#value) return;
    this.set(stars);
    this.#changed(stars);
  }
}
