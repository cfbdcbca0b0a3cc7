// The card: one generation, while it is made and when it is done.
import { ask, askSoon, button, clock, copied, element, errorLine, folded, galleries, media, release, stateLabel } from "./base.js";
import { createPlayer } from "./card_player.js";
import { followWait, noteOf, waitButtons } from "./long_wait.js";
import { views } from "./nested.js";
import { orphanAlert } from "./orphan.js";
import { controlResult } from "./result_player.js";

const TICK = 250;
// An estimate never fills the bar.
const MOST_EXPECTED = 0.97;
const DEEPEST = 6;

// The tooltips of the buttons, by their texts.
const HINTS = {
  "Change and try again": "open the request in the panel, to change it",
  "Try again": "send the same request again",
  Extend: "make a dream that continues from the end of this one",
  Reverse: "make a dream that ends where this one begins",
  "Another take": "make another take of the same request",
  Modify: "change its look with a prompt",
  Reframe: "change its aspect ratio",
  Upscale: "raise its resolution",
  Sound: "add sound to it",
  "As keyframe": "start a new dream from it, in the panel",
  "Open in gallery": "show it in the gallery of your library",
  "Copy as %dream": "copy the %dream line that makes it",
  "Copy as Python": "copy the lines that make it again",
  Save: "save the file to your downloads",
  "Full screen": "show it in full screen",
};

/** The estimated time left, in seconds, or null. */
function rest(seconds, fraction, expected) {
  if (fraction > 0.15 && (!expected || seconds > expected)) return (seconds * (1 - fraction)) / fraction;
  return expected && seconds < expected ? expected - seconds : null;
}

/** A place in the queue in words: next, 2nd, 3rd, 4th, ... */
function placeLabel(place) {
  if (place === 1) return "next in the queue";
  const ending = { one: "st", two: "nd", few: "rd", other: "th" }[new Intl.PluralRules("en", { type: "ordinal" }).select(place)];
  return `${place}${ending} in the queue`;
}

/** A rough time in words: "20 s", "3 min". It does not count down. */
function about(seconds) {
  return seconds < 90 ? `${Math.max(5, 5 * Math.round(seconds / 5))} s` : `${Math.round(seconds / 60)} min`;
}

/** The progress of a request; `parts` are its elements. */
class Progress {
  #model;
  #seen = performance.now();
  #time = element("b", "dream-time", "", { role: "timer" });
  #state = element("span", "dream-state", "", { role: "status" });
  #left = element("span", "dream-left");
  #told = element("div", "dream-told", "", {}, this.#time, element("span", "", "", {}, this.#state, this.#left));
  #sight = element("div", "dream-sight", "", { "aria-hidden": "true" });
  #picture = element("div", "dream-picture dream-haze", "", {}, this.#sight, this.#told);
  #shown = null;
  #done = element("i");
  #bar = element("div", "dream-bar", "", { role: "progressbar", "aria-label": "progress" }, this.#done);
  parts = [this.#picture, this.#bar];

  constructor(model) {
    this.#model = model;
  }

  reflect() {
    this.#seen = performance.now();
    this.#picture.style.aspectRatio = `${this.#model.get("width")} / ${this.#model.get("height")}`;
    this.#state.textContent = stateLabel(this.#model.get("state"));
    this.#look();
    this.tick();
  }

  /** Show a preview, or what it continues from, or else the colours of its prompt. */
  #look() {
    const [sight, moving, colours] = ["sight", "moving", "colours"].map((trait) => this.#model.get(trait));
    if (colours.length) this.#picture.style.background = `linear-gradient(${colours.join(", ")})`;
    this.#picture.classList.toggle("dream-seen", Boolean(moving || sight?.byteLength));
    this.#sight.classList.toggle("dream-source", this.#model.get("sight_is_source"));
    if (this.#shown === (moving || sight) || !(moving || sight?.byteLength)) return;
    this.#shown = moving || sight;
    const shown = moving
      ? element("video", "dream-film", "", { src: moving, autoplay: !matchMedia("(prefers-reduced-motion: reduce)").matches, loop: true, playsinline: true })
      : element("img", "dream-film", "", { src: URL.createObjectURL(new Blob([sight], { type: "image/jpeg" })), alt: "" });
    if (moving) shown.muted = true;
    else shown.addEventListener("load", () => URL.revokeObjectURL(shown.src), { once: true });
    this.#sight.replaceChildren(shown);
  }

  /** Show the time, which the page counts between messages from Python. */
  tick() {
    const [place, left] = [this.#model.get("place"), this.#model.get("rest")];
    if (place && !this.#model.get("ended")) this.#stand(placeLabel(place), left === null ? "" : `done in about ${about(left)}`);
    else this.#count();
  }

  /** Show the place in the queue, without time and progress. */
  #stand(place, left) {
    this.#time.textContent = place;
    this.#state.hidden = Boolean(left);
    this.#left.textContent = left;
    this.#bar.classList.remove("dream-unknown");
    this.#bar.removeAttribute("aria-valuenow");
    this.#done.style.width = "0";
  }

  #count() {
    this.#state.hidden = false;
    const [state, ended, told, expected] = ["state", "ended", "fraction", "expected"].map((trait) => this.#model.get(trait));
    const seconds = this.#model.get("seconds") + (ended ? 0 : (performance.now() - this.#seen) / 1000);
    const left = ended ? null : rest(seconds, told, expected);
    const isExpected = told === null && expected && state === "dreaming";
    const fraction = isExpected ? Math.min(MOST_EXPECTED, seconds / expected) : told;
    this.#time.textContent = clock(seconds);
    this.#left.textContent = left === null ? "" : ` · about ${clock(Math.ceil(left))} to go`;
    this.#bar.classList.toggle("dream-unknown", fraction === null && !ended);
    if (fraction === null) this.#bar.removeAttribute("aria-valuenow");
    else this.#bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    this.#done.style.width = fraction === null ? "" : `${100 * fraction}%`;
  }
}

/** The tree of the dreams that this one was made from, and of those that were made from it. */
function tree(model) {
  const list = element("ol", "dream-tree", "", { "aria-label": "where it comes from" });
  for (const { prompt, take, relation, depth } of model.get("lineage")) {
    const isThis = relation === "this";
    const item = element("li", isThis ? "dream-this" : "", prompt + (take > 1 ? ` (take ${take})` : ""));
    if (isThis) item.setAttribute("aria-current", "true");
    item.style.setProperty("--depth", Math.min(depth, DEEPEST));
    list.append(item);
  }
  return element("details", "dream-lineage", "", {}, element("summary", "", "Where it comes from, and what was made from it"), list);
}

function alertOf({ title, text }) {
  return element("div", "dream-failed", "", { role: "alert" }, element("b", "", title), element("p", "", text));
}

/** The card's buttons and their actions. They ask for input in `more`, and report in `note`. */
class Actions {
  #model;
  #more;
  #note;
  #tell;
  #wait;
  #address = null;
  /** Why an action has not happened yet; empty if none is late. */
  late = "";

  constructor(model, wait, more, note, tell) {
    this.#model = model;
    this.#more = more;
    this.#note = note;
    this.#tell = tell;
    this.#wait = wait;
  }

  /** Promises the address of the dream's file. */
  source() {
    return (this.#address ??= media(this.#model, { file: "film", url: this.#model.get("film").url }));
  }

  /** The buttons for what the card shows: "problem", "film" or "live". */
  buttons(kind, fillScreen) {
    const does = (action) => () => this.#do(action);
    if (kind === "problem") return [button("Change and try again", does("change")), button("Try again", does("again"))];
    if (kind === "live") {
      return waitButtons(this.#model, this.#wait, { cancel: "Cancel", say: (text) => this.#sayLate(text), tell: this.#tell });
    }
    const isImage = this.#model.get("film").kind === "image";
    return [
      button("Extend", () => this.#askFor("Extend", "extend"), "dream-button dream-first"),
      ...(isImage ? [] : [button("Reverse", () => this.#askFor("Reverse", "reverse"))]),
      button("Another take", does("again")),
      ...this.#edits(),
      button("As keyframe", does("keyframe")),
      ...(this.#model.get("kept") ? [button("Open in gallery", () => this.#openGallery())] : []),
      button(this.#model.get("has_magics") ? "Copy as %dream" : "Copy as Python", () => this.#copy()),
      button("Save", () => this.#save()),
      ...(fillScreen ? [button("Full screen", fillScreen)] : []),
    ];
  }

  /** The buttons for other versions of the dream. */
  #edits() {
    const { modes = [], default_mode: mode, ratios = [], resolutions = [], sound } = this.#model.get("edits");
    const edit = (label, name, hint, choices, chosen) => button(label, () => this.#askForEdit(label, name, hint, choices, chosen));
    return [
      ...(modes.length ? [edit("Modify", "modify", "in deep snow", modes, mode)] : []),
      ...(ratios.length ? [edit("Reframe", "reframe", "describe the new parts", ratios)] : []),
      ...(resolutions.length ? [edit("Upscale", "upscale", null, resolutions)] : []),
      ...(sound ? [edit("Sound", "audio", "waves, gulls", [])] : []),
    ];
  }

  /** Ask for the prompt and the choice of another version, show its cost, and request it. */
  #askForEdit(label, name, hint, choices, chosen) {
    const more = this.#more;
    const cost = element("span", "dream-cost", "", { role: "status" });
    const field = element("input", "dream-input", "", { "aria-label": `${label}: describe what is new`, placeholder: hint ?? "" });
    const choice = element("select", "dream-input", "", { "aria-label": `${label}: which` },
      ...choices.map((one) => element("option", "", one, { value: one })));
    if (chosen) choice.value = chosen;
    field.hidden = hint === null;
    choice.hidden = !choices.length;
    const content = () => ({ name, prompt: field.value, choice: choice.value });
    const quote = () => ask(this.#model, "quote", content()).then((answer) => (cost.textContent = answer.cost)).catch(this.#tell);
    const form = element("form", "dream-ask", "", {}, field, choice, element("button", "dream-button", label, { type: "submit" }), cost);
    form.addEventListener("change", quote);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      more.replaceChildren();
      this.#do("edit", content());
    });
    form.addEventListener("keydown", (event) => (event.stopPropagation(), event.key === "Escape" && more.replaceChildren()));
    more.replaceChildren(form);
    (field.hidden ? choice : field).focus();
    quote();
  }

  release() {
    this.#address?.then(release).catch(() => {});
  }

  #do(action, content = {}) {
    return askSoon(this.#model, action, { content, say: (text) => this.#sayLate(text) }).catch(this.#tell);
  }

  #sayLate(text) {
    if (this.late === text) return;
    this.late = text;
    this.#note.textContent = text || noteOf(this.#model);
  }

  /** Ask for a prompt, and do something with it. */
  #askFor(label, action) {
    const more = this.#more;
    const field = element("input", "dream-input", "", { "aria-label": `${label}: describe what happens`, value: this.#model.get("words") || this.#model.get("prompt") });
    const form = element("form", "dream-ask", "", {}, field, element("button", "dream-button", label, { type: "submit" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      more.replaceChildren();
      this.#do(action, { prompt: field.value });
    });
    form.addEventListener("keydown", (event) => (event.stopPropagation(), event.key === "Escape" && more.replaceChildren()));
    more.replaceChildren(form);
    field.focus();
    field.select();
  }

  #openGallery() {
    const shown = [...galleries].filter(([root]) => root.isConnected).map(([, model]) => model.get("name"));
    return this.#do("show_in_gallery", { shown });
  }

  async #copy() {
    const answer = await this.#do("copy_line");
    if (answer?.line && (await copied(answer.line, this.#more))) this.#note.textContent = "copied";
  }

  async #save() {
    try {
      const link = element("a", "", "", { href: await this.source(), download: this.#model.get("film").name });
      link.click();
    } catch (error) {
      this.#tell(error);
    }
  }
}

/** One view of the card. */
class Card {
  #model;
  #tell;
  #live;
  #wait;
  #actions;
  #shown = { kind: "", offers: "" };
  #top = element("div", "dream-top");
  #note = element("div", "dream-note", "", { role: "status" });
  #facts = element("div", "dream-facts");
  #buttons = element("div", "dream-acts");
  #more = element("div", "dream-more");
  #text;

  constructor(model, line, tell) {
    this.#model = model;
    this.#tell = tell;
    this.#live = new Progress(model);
    this.#wait = followWait(model, model.get("prompt"));
    this.#actions = new Actions(model, this.#wait, this.#more, this.#note, tell);
    this.#text = element("div", "dream-text", "", {}, folded(element("div", "dream-prompt", model.get("prompt"))),
      this.#facts, this.#note, this.#buttons, this.#more, line);
    const looks = ["wide", "bare", "slim"].filter((trait) => model.get(trait)).map((trait) => ` dream-${trait}`).join("");
    this.root = element("div", `dream-nb dream-box dream-card${looks}`, "", { role: "group", "aria-label": model.get("prompt") },
      this.#top, this.#text);
  }

  reflect() {
    const [state, facts, problem, film] = ["state", "facts", "problem", "film"].map((trait) => this.#model.get(trait));
    this.root.dataset.state = state;
    const [width, height] = [this.#model.get("width"), this.#model.get("height")];
    this.root.style.setProperty("--dream-ratio", width / height);
    this.root.classList.toggle("dream-upright", height > width);
    this.#note.textContent = this.#actions.late || noteOf(this.#model);
    const kind = problem.title ? "problem" : film.kind ? "film" : "live";
    this.#facts.textContent = [...facts, problem.facts].filter(Boolean).join(" · ");
    if (kind === "live") this.#live.reflect();
    this.#wait.follow();
    const offers = kind === "live" ? `${this.#model.get("waits")} ${this.#model.get("cancels")}` : "";
    const before = this.#shown;
    this.#shown = { kind, offers };
    if (kind === before.kind && offers === before.offers) return;
    if (kind !== before.kind) this.#show(kind);
    const fillScreen = this.#model.get("bare") ? null : () => this.#top.querySelector(".dream-picture").requestFullscreen?.();
    const buttons = this.#actions.buttons(kind, fillScreen);
    for (const one of buttons) one.title ||= HINTS[one.textContent] ?? "";
    this.#buttons.replaceChildren(...buttons);
  }

  tick() {
    if (this.#shown.kind === "live") this.#live.tick();
  }

  /** Stop counting, because no kernel reports progress any more. */
  orphan(el) {
    if (this.#shown.kind !== "live") return;
    this.#shown = { kind: "orphan", offers: "" };
    this.#wait.leave();
    this.#top.replaceChildren(orphanAlert(this.#model, el));
    this.#note.textContent = "";
    this.#buttons.replaceChildren();
  }

  close() {
    this.#wait.leave();
    this.#actions.release();
  }

  #show(kind) {
    // The preview above a bare card already says what is wrong.
    if (kind === "problem") this.#top.replaceChildren(...(this.#model.get("bare") ? [] : [alertOf(this.#model.get("problem"))]));
    else if (kind === "live") this.#top.replaceChildren(...this.#live.parts);
    else {
      if (!this.#model.get("bare")) this.#top.replaceChildren(createPlayer(this.#model, this.#tell, () => this.#actions.source()));
      if (this.#model.get("lineage").length) this.#text.insertBefore(tree(this.#model), this.#more);
    }
  }
}

export function render({ model, el }) {
  const leaving = new AbortController();
  const { line, tell } = errorLine(model, leaving);
  const card = new Card(model, line, tell);
  const below = element("div", "dream-below");
  el.append(card.root, below);
  const free = model.get("bare") && model.get("film").kind === "video" ? controlResult(el, model.get("film")) : () => {};
  const reflect = () => card.reflect();
  const orphan = () => card.orphan(el);
  model.on("change", reflect);
  // The event that the widget manager sends its models when their kernel is gone.
  model.on("comm_live_update", orphan);
  reflect();
  const timer = setInterval(() => card.tick(), TICK);
  const unview = views(model, "below", below);
  return () => {
    clearInterval(timer);
    leaving.abort();
    free();
    unview();
    model.off("change", reflect);
    model.off("comm_live_update", orphan);
    card.close();
  };
}
