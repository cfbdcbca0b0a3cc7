// The progress of a sweep under way: one bar, one clock and one Cancel button for all of it.
import { clock, element } from "./base.js";
import { followWait, noteOf, waitButtons } from "./long_wait.js";
import { orphanAlert } from "./orphan.js";

const TICK = 250;

export class GridProgress {
  #model;
  #told = performance.now();
  #late = "";
  #said = element("span", "dream-whole-said", "", { role: "status" });
  #time = element("span", "dream-whole-time", "", { role: "timer" });
  #done = element("i");
  #bar = element("div", "dream-bar", "", { role: "progressbar", "aria-label": "progress" }, this.#done);
  #buttons = element("span", "dream-whole-buttons");
  #offered = "";
  #timer = setInterval(() => this.#tick(), TICK);
  isOrphan = false;

  constructor(model, tell) {
    this.#model = model;
    this.wait = followWait(model, model.get("title"));
    this.asking = { cancel: "Cancel all", say: (text) => ((this.#late = text), this.reflect()), tell };
    const line = element("div", "dream-whole-line", "", {}, this.#time, this.#said, this.#buttons);
    this.root = element("div", "dream-whole", "", {}, element("div", "dream-prompt", model.get("title")), this.#bar, line);
  }

  /** Stop counting, because no kernel reports progress any more. */
  orphan(el) {
    if (!this.#model.get("title") || this.#model.get("ended") || this.isOrphan) return;
    this.isOrphan = true;
    this.close();
    this.root.replaceChildren(element("div", "dream-prompt", this.#model.get("title")), orphanAlert(this.#model, el));
  }

  reflect() {
    if (this.isOrphan) return;
    const [seconds, ended, fraction, waits, cancels, balance] =
      ["seconds", "ended", "fraction", "waits", "cancels", "balance"].map((trait) => this.#model.get(trait));
    this.root.hidden = !this.#model.get("title") || (ended && !this.#late && !balance);
    if (this.seconds !== seconds) [this.seconds, this.#told] = [seconds, performance.now()];
    this.#said.textContent = this.#late || noteOf(this.#model);
    this.wait.follow();
    this.#done.style.width = `${100 * fraction}%`;
    this.#bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    const offered = `${waits} ${cancels}`;
    if (offered !== this.#offered) {
      this.#offered = offered;
      this.#buttons.replaceChildren(...waitButtons(this.#model, this.wait, this.asking));
    }
    this.#tick();
  }

  close() {
    this.wait.leave();
    clearInterval(this.#timer);
  }

  #tick() {
    const since = this.#model.get("ended") ? 0 : (performance.now() - this.#told) / 1000;
    this.#time.textContent = clock(this.#model.get("seconds") + since);
  }
}
