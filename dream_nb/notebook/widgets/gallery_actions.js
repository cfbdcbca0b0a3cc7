// The gallery's actions: what is done with the selected dreams.
import { ask, button, element } from "./base.js";
import { dreams } from "./gallery_filters.js";

/** A text field. `entered(field)` is called when the user presses Enter. */
function entry(label, size, entered) {
  const node = element("input", "dream-input", "", { type: "text", placeholder: label, "aria-label": label, size });
  node.addEventListener("keydown", (event) => event.key === "Enter" && (event.stopPropagation(), entered(node)));
  return node;
}

/**
 * A question with two buttons, yes and no. With a `label` it has a field too, whose text is passed to `answered`.
 * `closed` is called in both cases, before `answered`.
 */
function question({ text, yes, label = "", given = "", answered, closed }) {
  const attributes = { type: "text", placeholder: label, "aria-label": label };
  const input = label ? element("input", "dream-input", "", attributes) : null;
  if (input) input.value = given;
  const agree = () => (closed(), answered(input?.value));
  const agreed = button(yes, agree, `dream-button ${label ? "dream-main" : "dream-danger"}`);
  const keep = button(label ? "Cancel" : "Keep", closed);
  const node = element("div", "dream-question", "", { role: label ? "group" : "alertdialog", "aria-label": text },
    element("span", "", text), ...(input ? [input] : []), agreed, keep);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closed();
    else if (event.key === "Enter" && event.target === input) agree();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { node, focus: () => (input ?? keep).focus() };
}

/**
 * A row of controls, and below it their questions and reports.
 * `page.show(keys)` shows dreams large, `page.tell(error)` shows an error, `page.leave()` returns the focus to the list.
 */
export class Actions {
  #model;
  #selection;
  #rows;
  #page;
  #tags = element("span", "dream-tags");
  #noting = entry("note", 16, (field) => this.mark({ note: field.value }));
  #compare = button("Compare", () => this.#page.show(this.#selection.keys));
  #row;
  #asking = element("div", "dream-asking");
  #said = element("div", "dream-said", "", { role: "status" });

  constructor(model, selection, rows, page) {
    this.#model = model;
    this.#selection = selection;
    this.#rows = rows;
    this.#page = page;
    const stars = element("span", "dream-stars", "", { role: "group", "aria-label": "stars of what is selected" },
      ...[0, ...model.get("choices").stars].map((n) => this.#starButton(n)));
    const tagging = entry("add a tag", 9, (field) => {
      if (field.value.trim()) this.mark({ tag: field.value }).then(() => (field.value = ""));
    });
    this.#row = element("div", "dream-row dream-actions", "", { role: "group", "aria-label": "what is selected" },
      stars, this.#tags, tagging, this.#noting, this.#compare,
      button("Extend", () => this.#extend()),
      button("Export", () => this.#export()),
      button("Delete", () => this.remove(), "dream-button dream-danger"),
      button("None", () => selection.set([]), "dream-button", { "aria-label": "select none" }));
    this.nodes = [this.#row, this.#asking, this.#said];
  }

  /** Call an action in Python. Promises its answer, or null after an error, which is shown. */
  async act(action, content = {}) {
    this.#page.tell("");
    this.#said.textContent = "";
    try {
      return await ask(this.#model, action, content, [], 0);
    } catch (error) {
      this.#page.tell(error);
      return null;
    }
  }

  /** Give stars, a note or a tag to dreams, by default to those that are selected. */
  mark(content) {
    return this.#actOnSelected("mark", content);
  }

  /** Ask whether the selected dreams are to be deleted, and delete them. */
  remove() {
    const count = this.#selection.keys.length;
    if (!count) return;
    this.#ask({
      text: `Delete ${dreams(count)}, at the server and the files here? This cannot be undone.`,
      yes: `Delete ${count}`,
      answered: () => this.#actOnSelected("delete"),
    });
  }

  /** Show whether anything is selected; of a single dream also its note and tags. */
  reflect() {
    const { keys } = this.#selection;
    this.#row.inert = !keys.length;
    this.#compare.disabled = keys.length !== 2;
    this.#compare.title = keys.length === 2 ? "A and B" : "select two";
    const row = keys.length === 1 ? this.#rows.of(keys[0]) : null;
    if (this.#noting.getRootNode().activeElement !== this.#noting) this.#noting.value = row?.note ?? "";
    this.#tags.replaceChildren(...(row?.tags ?? []).map((tag) => this.#tagButton(tag)));
  }

  #actOnSelected(action, content = {}) {
    return this.act(action, { keys: this.#selection.keys, ...content });
  }

  #starButton(stars) {
    const label = { "aria-label": `${stars} stars` };
    return button(stars ? "★".repeat(stars) : "no ★", () => this.mark({ stars }), "dream-button", label);
  }

  #tagButton(tag) {
    const label = { "aria-label": `remove tag ${tag}` };
    return button(`${tag} ×`, () => this.mark({ untag: tag }), "dream-button dream-chip", label);
  }

  #ask(asked) {
    const closed = () => (this.#asking.replaceChildren(), this.#page.leave());
    const { node, focus } = question({ ...asked, closed });
    this.#asking.replaceChildren(node);
    focus();
  }

  #extend() {
    const count = this.#selection.keys.length;
    this.#ask({
      text: `Go on from the end of ${dreams(count)}, each at its backend, at its price.`,
      yes: `Extend ${count}`,
      label: "what happens then; empty for the same prompt",
      answered: (prompt) => this.#actOnSelected("extend", { prompt }),
    });
  }

  #export() {
    const count = this.#selection.keys.length;
    this.#ask({
      text: `Copy ${dreams(count)} into a folder ${this.#model.get("place")}, with a page that plays them.`,
      yes: `Export ${count}`,
      label: "name of the folder",
      given: "export",
      answered: async (folder) => {
        const answer = await this.#actOnSelected("export", { folder });
        if (answer) this.#said.textContent = `Exported: ${decodeURI(answer.page)}`;
      },
    });
  }
}
