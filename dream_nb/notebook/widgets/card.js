// The card: one generation while it is made.
import { clock, element, errorLine } from "./base.js";

const STATES = {
  waiting: "waiting",
  sending: "sending",
  looking: "looking for it",
  queued: "waiting for its turn",
  dreaming: "dreaming",
  downloading: "fetching the file",
  completed: "done",
  failed: "not made",
};
const ENDED = new Set(["completed", "failed"]);

export function render({ model, el }) {
  const card = element("div", "dream-nb dream-box dream-card");
  const picture = element("div", "dream-picture");
  picture.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
  const time = element("b", "dream-time");
  time.setAttribute("role", "timer");
  const state = element("span", "dream-state");
  state.setAttribute("role", "status");
  picture.append(time, state);
  const bar = element("div", "dream-bar");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", "how much is done");
  const done = element("i", "");
  bar.append(done);
  const text = element("div", "dream-text");
  const note = element("div", "dream-note");
  note.setAttribute("role", "status");
  text.append(element("div", "dream-prompt", model.get("prompt")), element("div", "dream-facts", model.get("facts").join(" · ")), note);
  card.append(picture, bar, text);
  el.append(card);

  let seen = performance.now();
  const tick = () => {
    const since = ENDED.has(model.get("state")) ? 0 : (performance.now() - seen) / 1000;
    time.textContent = clock(model.get("seconds") + since);
  };
  const update = () => {
    seen = performance.now();
    const fraction = model.get("fraction");
    card.dataset.state = model.get("state");
    note.textContent = model.get("note");
    state.textContent = STATES[model.get("state")] ?? model.get("state");
    bar.classList.toggle("dream-unknown", fraction === null && !ENDED.has(model.get("state")));
    if (fraction === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    done.style.width = fraction === null ? "" : `${100 * fraction}%`;
    tick();
  };
  model.on("change", update);
  update();
  const timer = setInterval(tick, 250);
  return () => {
    clearInterval(timer);
    model.off("change", update);
  };
}
