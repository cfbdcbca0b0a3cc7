// The gallery's filters: the trait `filters`, and the number of dreams that match.
import { button, change, element } from "./base.js";

const PAUSE = 200;
const DATES = [["since", "from", "made on or after this day"], ["until", "to", "made on or before this day"]];

const any = (label, values) => [["", label], ...values.map((value) => [value, value])];

/** "1 dream", "1,200 dreams". */
export function dreams(count) {
  return count === 1 ? "1 dream" : `${count.toLocaleString("en")} dreams`;
}

/** Two rows of controls. `sync()` imports generations of the account that are not in the library. */
export class Filters {
  #model;
  #search = element("input", "dream-input dream-search", "", {
    type: "search", placeholder: "Search prompts, notes and tags", "aria-label": "search prompts, notes and tags",
  });
  #status = element("span", "dream-count", "", { role: "status" });
  #chips;
  #ratio = this.#select("ratio", "aspect ratio");
  #backend = this.#select("backend", "backend");
  #stars = this.#select("stars", "stars", Number);
  #tag = this.#select("tag", "tag");
  #dates = DATES.map(([field, word, label]) => this.#date(field, word, label));

  constructor(model, sync) {
    this.#model = model;
    const { kind, state, ratio, stars } = model.get("choices");
    this.#chips = [...kind.map((value) => this.#chip("kind", value)), ...state.map((value) => this.#chip("state", value))];
    const most = Math.max(...stars);
    this.#fill(this.#ratio, any("any aspect ratio", ratio));
    this.#fill(this.#stars, [[0, "any stars"], ...stars.map((n) => [n, `★ ${n}${n < most ? " and more" : ""}`])]);
    let typing;
    this.#search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.#narrow("search", this.#search.value.trim()), PAUSE);
    });
    const labels = { title: "import the generations of your account that are not in the library" };
    const bring = button("Import from account", async () => {
      bring.disabled = true;
      await sync();
      bring.disabled = false;
    }, "dream-button dream-edged", labels);
    const chips = this.#chips.map(({ node }) => node);
    const controls = this.#controls().map(({ box, node }) => box ?? node);
    this.nodes = [
      element("div", "dream-row", "", { role: "search" }, this.#search, element("span", "dream-filter-chips", "", {}, ...chips)),
      element("div", "dream-row", "", {}, ...controls, element("span", "dream-row-end", "", {}, this.#status, bring)),
    ];
  }

  /** Show the current filters, and the values to choose from. */
  reflect() {
    const filters = this.#model.get("filters");
    const { backends, tags } = this.#model.get("facets");
    if (this.#search.getRootNode().activeElement !== this.#search) this.#search.value = filters.search ?? "";
    for (const { field, value, node } of this.#chips) node.setAttribute("aria-pressed", String(filters[field] === value));
    this.#fill(this.#backend, any("any backend", backends));
    this.#fill(this.#tag, any("any tag", tags));
    this.#tag.node.hidden = !tags.length;
    for (const { field, node } of this.#controls()) node.value = filters[field] ?? (field === "stars" ? 0 : "");
  }

  /** Show how many dreams match the filters, and how many are selected. */
  showCounts(count, selected) {
    const total = this.#model.get("total");
    const admitted = count === total ? dreams(total) : `${count.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    const chosen = selected ? `${selected.toLocaleString("en")} selected` : "";
    this.#status.textContent = [admitted, chosen].filter(Boolean).join(" · ");
  }

  #controls() {
    return [this.#ratio, this.#backend, this.#stars, this.#tag, ...this.#dates];
  }

  #narrow(field, value) {
    const { [field]: _, ...rest } = this.#model.get("filters");
    change(this.#model, "filters", value ? { ...rest, [field]: value } : rest);
  }

  #chip(field, value) {
    const toggle = () => this.#narrow(field, this.#model.get("filters")[field] === value ? "" : value);
    return { field, value, node: button(value, toggle, "dream-button dream-chip", { title: `show only: ${value}` }) };
  }

  #select(field, label, read = String) {
    const node = element("select", "dream-input", "", { "aria-label": label, title: label });
    node.addEventListener("change", () => this.#narrow(field, read(node.value)));
    return { field, node };
  }

  #fill({ node }, choices) {
    node.replaceChildren(...choices.map(([value, text]) => element("option", "", text, { value })));
  }

  #date(field, word, label) {
    const node = element("input", "dream-input", "", { type: "date", "aria-label": label, title: label });
    node.addEventListener("change", () => this.#narrow(field, node.value));
    return { field, node, box: element("span", "dream-date", word, {}, node) };
  }
}
