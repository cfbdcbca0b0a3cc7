// The panel's controls: fields with their labels and errors, choices, and slots for pictures.
import { ask, button, element } from "./base.js";

const LARGEST = 8 * 2 ** 20;
let number = 0;
const fresh = (name) => `dream-${name}-${(number += 1)}`;

/** A field: its label, the control, and a line that `say(problem, warning)` shows. */
export function field(label, control, className = "") {
  const [name, wrong] = [fresh("label"), fresh("wrong")];
  const line = element("div", "dream-error", "", { id: wrong, role: "status" });
  control.setAttribute("aria-labelledby", name);
  const title = element("div", "dream-label", label, { id: name });
  const box = element("div", `dream-field ${className}`, "", {}, title, control, line);
  return { box, control, title, say(problem, warning) {
    line.textContent = problem || warning || "";
    line.classList.toggle("dream-warning", !problem);
    const about = control.querySelector("input, textarea, select") ?? control;
    if (line.textContent) about.setAttribute("aria-describedby", wrong);
    else about.removeAttribute("aria-describedby");
    if (about.matches("input, textarea, select")) about.setAttribute("aria-invalid", Boolean(problem));
  } };
}

/** Radio buttons for `[value, label]` pairs. `chosen(value)` is called when the user chooses one. */
export function choice(options, chosen, className, draw = (value) => [value]) {
  const group = fresh("choice");
  const box = element("div", className, "", { role: "radiogroup" });
  const inputs = new Map();
  for (const [value, label] of options) {
    const input = element("input", "dream-hidden", "", { type: "radio", name: group, value, "aria-label": label });
    input.addEventListener("change", () => input.checked && chosen(value));
    inputs.set(value, input);
    const drawn = element("span", "", "", { "aria-hidden": "true" }, ...draw(value, label));
    box.append(element("label", "", "", { title: label }, input, drawn));
  }
  return {
    box,
    set: (value) => inputs.has(value) && (inputs.get(value).checked = true),
    offer: (value, isOffered) => (inputs.get(value).parentElement.hidden = !isOffered),
  };
}

/** A select of values, with `first` as the text of the default. `changed(value)` is called when the user chooses. */
export function select(values, first, changed) {
  const node = element("select", "dream-input");
  node.replaceChildren(...options([...(first === null ? [] : [["", first]]), ...values.map((one) => [one, one])]));
  node.addEventListener("change", () => changed(node.value));
  return {
    node,
    set(value) {
      // A request may have a value that is newer than this list.
      if (value && ![...node.options].some((one) => one.value === value)) node.append(...options([[value, value]]));
      node.value = value;
    },
  };
}

/** A choice of several values, each once. `changed(values)` is called when the user adds or removes one. */
export class Several {
  #chosen = [];
  #changed;
  #chips = element("div", "dream-chips");
  #add = element("select", "dream-input", "", { "aria-label": "add a concept", title: "add a concept" });

  constructor(changed) {
    this.#changed = changed;
    this.#add.addEventListener("change", () => {
      const value = this.#add.value;
      this.#add.selectedIndex = 0;
      if (value && !this.#chosen.includes(value)) changed([...this.#chosen, value]);
    });
    this.box = element("div", "", "", {}, this.#chips, this.#add);
  }

  offer(values) {
    this.#add.hidden = !values.length;
    this.#add.replaceChildren(...options([["", "add …"], ...values.map((one) => [one, one.replaceAll("_", " ")])]));
  }

  set(values) {
    this.#chosen = values;
    this.#chips.replaceChildren(...values.map((one) => button(`${one.replaceAll("_", " ")} ×`,
      () => this.#changed(this.#chosen.filter((other) => other !== one)), "dream-button dream-edged",
      { "aria-label": `${one}: remove it`, title: "remove it" })));
  }
}

/** The options of a select, of `[value, text]` pairs. */
export function options(pairs) {
  return pairs.map(([value, text]) => element("option", "", text, { value }));
}

/**
 * A slot for a picture: dropped, pasted, chosen, or named. Its name is a file, a URL, a variable or an id.
 * `changed(name)` is called when the user changes it.
 */
export class Slot {
  #model;
  #changed;
  #tell;
  #current = "";
  #kinds;
  #picture = element("img", "", "", { alt: "", hidden: true });
  #hint = element("span", "", "drop, paste or choose", { "aria-hidden": "true" });
  #file;
  #well;
  #name;
  #title = element("div", "dream-slot-title", "", { hidden: true });
  #clear;

  constructor(model, label, changed, tell, kinds = ["image"]) {
    this.#model = model;
    this.#changed = changed;
    this.#tell = tell;
    this.#kinds = kinds;
    const [asFile, asText] = [`${label}: a file`, `${label}: a ${model.get("hint")}`];
    this.#file = element("input", "dream-hidden", "", { type: "file", accept: kinds.map((one) => `${one}/*`).join(","), tabindex: "-1", "aria-label": asFile });
    const drop = `${label}: drop or paste a ${kinds.join(" or ").replace("image", "picture")}, or choose a file`;
    this.#well = element("button", "dream-slot", "", { type: "button", "aria-label": drop, title: drop }, this.#picture, this.#hint);
    this.#name = element("input", "dream-input", "", { placeholder: model.get("hint"), title: model.get("hint"), "aria-label": asText });
    const clear = { "aria-label": `${label}: remove it`, title: "remove it" };
    this.#clear = button("×", () => this.set("", true), "dream-button dream-clear", clear);
    this.box = element("div", "dream-well", "", {}, this.#well, this.#clear, this.#title, this.#name, this.#file);
    this.#listen();
  }

  /** Set the name, and show the picture's `bytes`, or those that Python finds. `isOwn`: whether the user named it. */
  set(value, isOwn = false, bytes = null) {
    this.#clear.hidden = !value;
    if (value === this.#current && !bytes) return;
    this.#current = this.#name.value = value;
    this.#show(bytes, "");
    if (value && !bytes) this.#look(value);
    if (isOwn) this.#changed(value);
  }

  #look(name) {
    ask(this.#model, "look", { name })
      .then((answer) => name === this.#current && this.#show(answer.buffers[0], answer.title))
      .catch(() => {});
  }

  /** Show the picture, and its title instead of its name if it has one, because an id means nothing to people. */
  #show(bytes, title) {
    const picture = this.#picture;
    this.#title.textContent = this.#title.title = title;
    this.#title.hidden = !title;
    this.#name.hidden = Boolean(title);
    if (picture.src) URL.revokeObjectURL(picture.src);
    picture.hidden = !bytes;
    this.#hint.hidden = Boolean(bytes);
    this.#well.classList.toggle("dream-full", Boolean(bytes));
    if (bytes) picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    else picture.removeAttribute("src");
  }

  async #take(file) {
    if (!file) return;
    if (file.size > LARGEST) {
      return this.#tell(`${file.name} is larger than 8 MB: make it smaller, or put it into the library folder and enter its name`);
    }
    try {
      const answer = await ask(this.#model, "take_in", { name: file.name || "the picture" }, [await file.arrayBuffer()]);
      this.#tell("");
      this.set(answer.name, true, answer.buffers[0]);
    } catch (error) {
      this.#tell(error);
    }
  }

  #listen() {
    this.#well.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => (this.#take(this.#file.files[0]), (this.#file.value = "")));
    this.#name.addEventListener("change", () => this.set(this.#name.value.trim(), true));
    this.box.addEventListener("paste", (event) => {
      const pasted = [...(event.clipboardData?.files ?? [])].find((one) => this.#kinds.includes(one.type.split("/")[0]));
      const text = event.clipboardData?.getData("text/plain").trim();
      if (pasted) this.#take(pasted);
      else if (text && event.target !== this.#name) this.set(text, true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.box.addEventListener("dragover", (event) => (event.preventDefault(), event.stopPropagation()));
    this.box.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const { files } = event.dataTransfer;
      const text = event.dataTransfer.getData("text/plain");
      if (files.length) this.#take(files[0]);
      else if (text) this.set(text.trim(), true);
    });
  }
}
