// The panel: the form that makes dreams.
import { ask, button, change, copied, element, errorLine, listen } from "./base.js";
import { views } from "./nested.js";
import { choice, field, options, select, Several, Slot } from "./panel_fields.js";
import { References } from "./panel_references.js";

// Milliseconds between the last change of the form and its check.
const PAUSE = 250;
// Milliseconds after which a kernel that has not answered is probably busy with a cell.
const BUSY = 1500;
const COPIED = 1500;
// The fields of each kind of request.
const FIELDS = {
  video: ["aspect_ratio", "model", "duration", "resolution", "concepts", "frame0", "frame1", "loop", "count"],
  image: ["aspect_ratio", "model", "format", "references", "count"],
  modify: ["source", "mode", "model", "count"],
  reframe: ["source", "aspect_ratio", "model", "count"],
};
const EDITS = ["modify", "reframe"];
const LABELS = { video: "Video", image: "Image", modify: "Modify", reframe: "Reframe" };
const ORDERS = { video: "Dream a video", image: "Dream an image", modify: "Modify it", reframe: "Reframe it" };
// The example prompts of an empty form, by the kind of request.
const EXAMPLES = {
  video: ["a serene lake at sunset, camera orbit left", "a lighthouse in a storm at {dusk|night}", "a whale under the moon, watercolour"],
  image: ["a castle in the snow", "a harbour at {dawn|noon|dusk}", "a field of poppies in summer, watercolour"],
};
const whatOf = (form) => form.edit || form.kind;

/** A drawing of an aspect ratio. */
function shape(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  const scale = Math.sqrt(420 / (width * height));
  const drawn = element("i");
  drawn.style.width = `${Math.round(width * scale)}px`;
  drawn.style.height = `${Math.round(height * scale)}px`;
  return [drawn];
}

/** The prompt's field, with examples while it is empty, and camera motions to add. `edit(values)` changes the form. */
class Prompt {
  #model;
  #edit;
  #text = element("textarea", "dream-input dream-words", "", { rows: "2", placeholder: "a serene lake at {dawn|noon|dusk}" });
  #motions = element("select", "dream-input dream-motions", "", { "aria-label": "add a camera motion", title: "add a camera motion to the prompt" });
  #examples = element("div", "dream-examples", "", { role: "group", "aria-label": "examples" });
  #exampled = "";

  constructor(model, edit) {
    this.#model = model;
    this.#edit = edit;
    this.#text.addEventListener("input", () => edit({ prompt: this.#text.value }));
    this.#motions.addEventListener("change", () => this.#add());
    this.field = field("Prompt", this.#text, "dream-wide");
    this.field.box.append(element("div", "dream-beside", "", {}, this.#motions, this.#examples));
  }

  /** Show a prompt. `what` is the kind of request that the form makes. */
  set(text, what) {
    if (this.#text.value !== text) this.#text.value = text;
    this.#examples.hidden = Boolean(text.trim()) || !EXAMPLES[what];
    if (this.#exampled === what) return;
    this.#exampled = what;
    this.#examples.replaceChildren("Try:", ...(EXAMPLES[what] ?? []).map((one) =>
      button(one, () => this.#take(one), "dream-button dream-edged", { title: "use this as the prompt" })));
  }

  /** Focus the field, and scroll it into view even if the form is higher than the window. */
  focus() {
    this.#text.focus({ preventScroll: true });
    this.field.box.scrollIntoView({ block: "nearest" });
  }

  #take(text) {
    this.#text.value = text;
    this.#edit({ prompt: text });
    this.#text.focus();
  }

  reflectMotions() {
    const motions = this.#model.get("motions");
    this.#motions.hidden = !motions.length;
    this.#motions.replaceChildren(...options([["", "Camera motion …"], ...motions.map((one) => [one, one])]));
  }

  #add() {
    const motion = this.#motions.value.toLowerCase();
    this.#motions.selectedIndex = 0;
    if (!motion) return;
    const text = this.#text.value.trim();
    const added = text && motion.startsWith("camera") ? motion : `camera ${motion}`;
    this.#text.value = text ? `${text}, ${added}` : added;
    this.#edit({ prompt: this.#text.value });
    this.#text.focus();
  }
}

/** The controls of the form: `fields` has them by name. `edit(values)` changes the form. */
class Controls {
  #model;
  #prompt;
  #kind;
  #ratio;
  #loop;
  #models = element("select", "dream-input");
  #kindOfModels = "";
  #selects;
  #concepts;
  #source;
  #count = element("input", "dream-input dream-takes", "", { type: "number", min: "1", max: "100", "aria-label": "Takes", title: "number of takes of each prompt" });
  #frames;
  #references;

  constructor(model, edit, tell) {
    this.#model = model;
    this.#prompt = new Prompt(model, edit);
    const kinds = [...Object.keys(model.get("models")), ...EDITS].map((one) => [one, LABELS[one] ?? one]);
    const make = (what) => edit(EDITS.includes(what) ? { edit: what, model: "" } : { kind: what, edit: "", model: "" });
    this.#kind = choice(kinds, make, "dream-seg", (_, label) => [label]);
    const ratios = model.get("ratios").map((one) => [one, one]);
    this.#ratio = choice(ratios, (value) => edit({ aspect_ratio: value }), "dream-shapes", shape);
    this.#loop = choice([["off", "off"], ["on", "on"]], (value) => edit({ loop: value === "on" }), "dream-seg");
    this.#models.addEventListener("change", () => edit({ model: this.#models.value }));
    this.#count.addEventListener("input", () => {
      const count = Number(this.#count.value);
      edit({ count: Number.isInteger(count) ? count : 0 });
    });
    this.#frames = {
      frame0: new Slot(model, "Begins with", (value) => edit({ frame0: value }), tell),
      frame1: new Slot(model, "Ends with", (value) => edit({ frame1: value }), tell),
    };
    const offers = model.get("offers");
    this.#selects = {
      duration: select(offers.durations, "default", (duration) => edit({ duration })),
      resolution: select(offers.resolutions, "default", (resolution) => edit({ resolution })),
      format: select(offers.formats, "default", (format) => edit({ format })),
      mode: select(offers.modes, null, (mode) => edit({ mode })),
    };
    this.#concepts = new Several((concepts) => edit({ concepts }));
    this.#source = new Slot(model, "Of", (source) => edit({ source }), tell, ["video", "image"]);
    this.#references = new References(model, (references) => edit({ references }), tell);
    this.fields = {
      prompt: this.#prompt.field,
      kind: field("Make", this.#kind.box, "dream-two"),
      aspect_ratio: field("Aspect ratio", this.#ratio.box, "dream-two"),
      mode: field("How much to change", this.#selects.mode.node),
      model: field("Model", this.#models),
      duration: field("Duration", this.#selects.duration.node),
      resolution: field("Resolution", this.#selects.resolution.node),
      concepts: field("Concepts", this.#concepts.box),
      format: field("File", this.#selects.format.node),
      loop: field("Loop", this.#loop.box),
      count: field("Takes", this.#count),
      source: field("Of", this.#source.box, "dream-begins"),
      frame0: field("Begins with", this.#frames.frame0.box, "dream-begins"),
      frame1: field("Ends with", this.#frames.frame1.box),
      references: field("Reference pictures", this.#references.box, "dream-all"),
    };
  }

  reflect() {
    const form = this.#model.get("form");
    const [what, { concepts, edits }] = [whatOf(form), this.#model.get("offers")];
    this.#prompt.set(form.prompt, what);
    this.#kind.set(what);
    for (const one of EDITS) this.#kind.offer(one, edits.includes(one) || what === one);
    this.#ratio.set(form.aspect_ratio);
    this.fields.aspect_ratio.title.textContent = `Aspect ratio · ${form.aspect_ratio}`;
    this.#loop.set(form.loop ? "on" : "off");
    // Not `document.activeElement`, which does not show the focus inside a shadow root.
    if (!this.#count.matches(":focus")) this.#count.value = form.count;
    for (const [name, { box }] of Object.entries(this.fields)) {
      const isUseless = name === "concepts" && !concepts.length && !form.concepts.length;
      box.hidden = !["prompt", "kind", ...(FIELDS[what] ?? [])].includes(name) || isUseless;
    }
    for (const [name, one] of Object.entries(this.#selects)) one.set(form[name]);
    this.#concepts.offer(concepts);
    this.#concepts.set(form.concepts);
    this.#source.set(form.source);
    this.#reflectModels(what);
    this.#models.value = form.model;
    for (const [name, slot] of Object.entries(this.#frames)) slot.set(form[name]);
    this.#references.set(form.references);
  }

  reflectMotions() {
    this.#prompt.reflectMotions();
  }

  /** Show the problem or the warning of each field beside it. */
  say({ problems = {}, warnings = {} }) {
    const form = this.#model.get("form");
    const isEmpty = !form.prompt;
    for (const [name, one] of Object.entries(this.fields)) {
      one.say((name === "prompt" && isEmpty) || (name === "source" && !form.source) ? "" : problems[name], warnings[name]);
    }
  }

  focus() {
    this.#prompt.focus();
  }

  #reflectModels(kind) {
    if (this.#kindOfModels === kind) return;
    this.#kindOfModels = kind;
    const all = { ...this.#model.get("models"), ...this.#model.get("offers").models };
    const models = all[kind].map((one) => [one, one]);
    this.#models.replaceChildren(...options([["", "default"], ...models]));
  }
}

/** The part below the form: the button that makes the dreams, their cost, and the `%dream` line for the request. */
class Foot {
  spare = element("div", "dream-more");
  #model;
  #tell;
  #go = button("Dream", () => this.#dream(), "dream-go");
  #cost = element("span", "dream-cost", "", { role: "status" });
  #code = element("code", "dream-code");
  #copy = button("Copy", () => this.#copyCode(), "dream-button dream-edged", { title: "copy the %dream line for this request" });

  constructor(model, tell) {
    this.#model = model;
    this.#tell = tell;
    this.node = element("div", "dream-foot", "", {}, this.#go, this.#cost, this.#code, this.#copy);
  }

  /** Click the button, unless it is disabled. */
  press() {
    if (!this.#go.disabled) this.#go.click();
  }

  reflect() {
    const { count = 1, cost = "", code = "" } = this.#model.get("verdict");
    const { kind, edit } = this.#model.get("form");
    const balance = this.#model.get("balance");
    const one = ORDERS[edit || kind] ?? `Dream ${kind}`;
    this.#go.textContent = count > 1 ? (edit ? `Make ${count} versions` : `Dream ${count} ${kind}s`) : one;
    this.#go.disabled = !code;
    this.#cost.textContent = cost && balance ? `${cost}, ${balance} left` : cost;
    this.#code.textContent = this.#code.title = code;
    this.#code.hidden = !this.#model.get("has_magics");
    this.#copy.hidden = this.#code.hidden || !code;
  }

  async #dream() {
    this.#go.disabled = true;
    const say = () => (this.#cost.textContent = "requested: a busy kernel answers when its cell has finished");
    const timer = setTimeout(say, BUSY);
    try {
      await ask(this.#model, "dream", {}, [], 0);
      this.#tell("");
    } catch (error) {
      this.#tell(error);
    }
    clearTimeout(timer);
    this.#go.disabled = false;
    this.reflect();
  }

  async #copyCode() {
    if (!this.#code.textContent || !(await copied(this.#code.textContent, this.spare))) return;
    this.#copy.textContent = "Copied";
    setTimeout(() => (this.#copy.textContent = "Copy"), COPIED);
  }
}

/** Put the form together. */
function createForm(controls, foot, line) {
  const { prompt, ...others } = controls.fields;
  const fields = element("div", "dream-fields", "", {}, ...Object.values(others).map(({ box }) => box));
  const form = element("form", "dream-nb dream-box dream-panel", "", { "aria-label": "make dreams" },
    prompt.box, fields, foot.node, line, foot.spare);
  form.addEventListener("submit", (event) => event.preventDefault());
  // Otherwise the notebook would treat letters and arrows as commands.
  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") foot.press();
    event.stopPropagation();
  });
  return form;
}

export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  let timer;
  const check = () => ask(model, "check").catch(tell);
  const checkSoon = () => (clearTimeout(timer), (timer = setTimeout(check, PAUSE)));
  const edit = (values) => {
    change(model, "form", { ...model.get("form"), ...values });
    controls.reflect();
    checkSoon();
  };
  const controls = new Controls(model, edit, tell);
  const foot = new Foot(model, tell);
  const cards = element("div", "dream-cards");
  const form = createForm(controls, foot, line);
  el.append(form, cards);
  // When a card has filled in the form, the user continues here.
  const point = async () => {
    if (!(await ask(model, "pointed")).point) return;
    form.scrollIntoView({ block: "nearest" });
    controls.focus();
  };

  const judge = () => (controls.say(model.get("verdict")), foot.reflect());
  controls.reflect();
  controls.reflectMotions();
  judge();
  const on = (event, handler) => listen(model, signal, event, handler);
  on("change:form", () => (controls.reflect(), checkSoon()));
  // A late answer removes the message that the kernel does not answer.
  on("change:verdict", () => (judge(), tell(model.get("error"))));
  on("change:balance", judge);
  on("change:motions", () => controls.reflectMotions());
  on("change:offers", () => controls.reflect());
  on("msg:custom", (content) => content.point && point().catch(tell));
  check();
  point().catch(() => {});
  ask(model, "begin").catch(() => {});
  const unview = views(model, "cards", cards);
  return () => {
    leaving.abort();
    clearTimeout(timer);
    unview();
  };
}
