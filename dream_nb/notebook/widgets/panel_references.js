// The panel's reference pictures.
import { button, element } from "./base.js";
import { options, Slot } from "./panel_fields.js";

const ROLE_LABELS = { image_ref: "follow", style_ref: "style", character_ref: "character", modify_ref: "change" };
const DEFAULT_WEIGHT = 0.85;

/** One reference picture. `told()` is called when the user changes it, `removed()` when the user removes it. */
class Reference {
  #roles;
  #told;
  #slot;
  #role = element("select", "dream-input", "", { "aria-label": "role" });
  #weight;
  #shownWeight;
  #amount;

  constructor(model, value, { told, removed, tell }) {
    this.value = { ...value };
    this.#roles = model.get("roles");
    this.#told = told;
    this.#slot = new Slot(model, "Reference", (name) => this.#change({ name }), tell);
    this.#role.replaceChildren(...options(this.#roles.map(({ name }) => [name, ROLE_LABELS[name] ?? name])));
    this.#role.value = value.role;
    const range = { type: "range", min: "0", max: "1", step: "0.05", value: value.weight ?? DEFAULT_WEIGHT };
    this.#weight = element("input", "", "", { ...range, "aria-label": "weight" });
    this.#shownWeight = element("output", "dream-much", value.weight ?? "");
    this.#amount = element("div", "dream-weight", "", {}, this.#weight, this.#shownWeight);
    this.#reflectRole();
    this.#role.addEventListener("change", () => (this.#reflectRole(), this.#change({ role: this.#role.value })));
    this.#weight.addEventListener("input", () => {
      this.#shownWeight.textContent = this.#weight.value;
      this.#change({ weight: Number(this.#weight.value) });
    });
    const remove = button("Remove", removed);
    this.box = element("div", "dream-reference", "", {}, this.#slot.box, this.#role, this.#amount, remove);
    this.#slot.set(value.name);
  }

  #change(values) {
    this.value = { ...this.value, ...values };
    this.#told();
  }

  #reflectRole() {
    this.#amount.hidden = !this.#roles.find(({ name }) => name === this.#role.value)?.weighted;
  }
}

/** The list of reference pictures, with a button to add one. `changed(values)` is called when the user changes them. */
export class References {
  box = element("div", "dream-references", "", { role: "group" });
  #model;
  #changed;
  #tell;
  #references = [];
  #add;

  constructor(model, changed, tell) {
    this.#model = model;
    this.#changed = changed;
    this.#tell = tell;
    const empty = { role: model.get("roles")[0].name, name: "", weight: null };
    this.#add = button("Add a picture", () => {
      this.#put([...this.#references, this.#create(empty)]);
      this.#told();
    }, "dream-button dream-edged");
    this.#put([]);
  }

  /** Show these, unless they are shown already: otherwise the field in which the user is typing would be replaced. */
  set(values) {
    if (JSON.stringify(this.#values) === JSON.stringify(values)) return;
    this.#put(values.map((value) => this.#create(value)));
  }

  get #values() {
    return this.#references.map(({ value }) => value);
  }

  #told() {
    this.#changed(this.#values);
  }

  #put(references) {
    this.#references = references;
    this.box.replaceChildren(...references.map(({ box }) => box), this.#add);
  }

  #create(value) {
    const removed = () => {
      this.#put(this.#references.filter((one) => one !== made));
      this.#told();
    };
    const made = new Reference(this.#model, value, { told: () => this.#told(), removed, tell: this.#tell });
    return made;
  }
}
