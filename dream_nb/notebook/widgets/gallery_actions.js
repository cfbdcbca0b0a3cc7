// The gallery's actions on the selected dreams.
import { ask, button, element } from "./base.js";
import { dreams } from "./gallery_filters.js";
import { Stars } from "./gallery_stars.js";

const HINT = "Click a dream to select it, with Shift or Ctrl for several. Double-click, or press Enter, to see it large.";

/** A text field. `entered(field)` is called when the user presses Enter. */
function entry(label, size, entered) {
  const node = element("input", "dream-input", "", { type: "text", placeholder: label, "aria-label": label, title: `${label}: press Enter to keep it`, size });
  node.addEventListener("keydown", (event) => event.key === "Enter" && (event.stopPropagation(), entered(node)));
  return node;
}

/**
 * A question with two buttons, yes and no. With a `label` it also has a field, whose text is passed to `answered`.
 * `closed` is called for both buttons, and before `answered`.
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

/** Whether all values are the same; false without values. */
const areSame = (values) => values.length > 0 && values.every((value) => value === values[0]);

/**
 * A row of controls, and below it their questions and reports.
 * `page.show(keys)` enlarges dreams, `page.tell(error)` shows an error, `page.leave()` returns the focus to the list.
 */
export class Actions {
  #model;
  #selection;
  #rows;
  #page;
  #tags = element("span", "dream-tags");
  #noting = entry("note", 16, (field) => this.mark({ note: field.value }));
  #compare = button("Compare", () => this.#page.show(this.#selection.keys));
  #stars;
  // The number of ratings that are being stored. Until then, the rows have the previous rating.
  #rating = 0;
  #hint = element("div", "dream-hint", HINT);
  #row;
  #asking = element("div", "dream-asking");
  #said = element("div", "dream-said", "", { role: "status" });
  // The last change that was asked for. Python runs actions side by side, and the order of changes matters.
  #last = Promise.resolve();

  constructor(model, selection, rows, page) {
    this.#model = model;
    this.#selection = selection;
    this.#rows = rows;
    this.#page = page;
    this.#stars = new Stars(Math.max(...model.get("choices").stars), (stars) => this.#rate(stars));
    const tagging = entry("add a tag", 9, (field) => {
      if (field.value.trim()) this.mark({ tag: field.value }).then(() => (field.value = ""));
    });
    this.#row = element("div", "dream-row dream-actions", "", { role: "group", "aria-label": "selection" },
      this.#stars.node, this.#tags, tagging, this.#noting, this.#compare,
      button("Extend", () => this.#extend(), "dream-button", { title: "make a dream that continues from the end of each" }),
      button("Export", () => this.#export(), "dream-button", { title: "copy the files into a folder, with a page that plays them" }),
      button("Delete", () => this.remove(), "dream-button dream-danger", { title: "delete on the server, and move the files to the trash" }),
      button("Clear selection", () => selection.set([]), "dream-button", { title: "clear the selection" }));
    this.nodes = [this.#hint, this.#row, this.#asking, this.#said];
  }

  /** Call an action in Python. Promises its answer, or null if it fails; the error is shown. */
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
  async mark(content) {
    const { keys } = this.#selection;
    const marks = { keys, ...content };
    const answer = await this.#change("mark", marks);
    if (answer && "stars" in marks) this.#rows.patch(marks.keys, { stars: marks.stars });
    return answer;
  }

  /** Ask whether to delete the selected dreams, and delete them. */
  remove() {
    const count = this.#selection.keys.length;
    if (!count) return;
    this.#ask({
      text: `Delete ${dreams(count)}? The ${count === 1 ? "copy" : "copies"} on the server will be deleted permanently; the ${count === 1 ? "file" : "files"} here will be in the trash for 30 days.`,
      yes: `Delete ${count}`,
      answered: () => this.#delete(),
    });
  }

  /** Show whether anything is selected; for a single dream also its note and tags. */
  reflect() {
    const { keys } = this.#selection;
    this.#row.hidden = !keys.length;
    this.#hint.hidden = Boolean(keys.length) || !this.#rows.count;
    const given = keys.map((key) => this.#rows.of(key)).map((row) => (row ? (row.stars ?? 0) : null));
    if (!this.#rating) this.#stars.set(areSame(given) ? given[0] : null);
    this.#compare.disabled = keys.length !== 2;
    this.#compare.title = keys.length === 2 ? "compare A and B" : "select two dreams to compare them";
    const row = keys.length === 1 ? this.#rows.of(keys[0]) : null;
    if (this.#noting.getRootNode().activeElement !== this.#noting) this.#noting.value = row?.note ?? "";
    this.#tags.replaceChildren(...(row?.tags ?? []).map((tag) => this.#tagButton(tag)));
  }

  #actOnSelected(action, content = {}) {
    return this.act(action, { keys: this.#selection.keys, ...content });
  }

  /** Call an action that changes dreams, after all changes that were asked for before. */
  #change(action, content) {
    this.#last = this.#last.then(() => this.act(action, content));
    return this.#last;
  }

  async #rate(stars) {
    this.#rating += 1;
    const answer = await this.mark({ stars });
    this.#rating -= 1;
    if (!answer) this.reflect();
  }

  async #delete() {
    const answer = await this.#change("delete", { keys: this.#selection.keys });
    if (!answer) return;
    const { count, restorable, problem } = answer;
    if (problem) this.#page.tell(problem);
    if (!count) return;
    const copies = count === 1 ? "The copy on its server is" : "The copies on their servers are";
    const undo = button("Undo", () => this.#restore(restorable), "dream-button dream-main", { title: "restore from the trash" });
    this.#said.replaceChildren(
      `Deleted ${dreams(count)}. ${copies} gone; ${restorable.length ? "the files stay in the trash for 30 days." : "no files were here."} `,
      ...(restorable.length ? [undo] : []));
  }

  async #restore(keys) {
    const answer = await this.#change("restore", { keys });
    if (!answer) return;
    const one = answer.count === 1;
    this.#said.textContent = `Restored ${dreams(answer.count)}. On ${one ? "its server it stays" : "their servers they stay"} deleted.`;
  }

  #tagButton(tag) {
    const label = { "aria-label": `remove tag ${tag}`, title: `remove tag ${tag}` };
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
      text: `Continue from the end of ${dreams(count)}. Each is made by the backend of its dream, at that price.`,
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
