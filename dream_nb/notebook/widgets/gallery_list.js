// The gallery's list: however many dreams there are, the page has only the tiles in view.
import { element } from "./base.js";

const GAP = 8;
const LEAST_WIDTH = 150;
const MOST_COLUMNS = 16;
const OVERSCAN = 2;
const MOST_LINES = 4;
const NOTHING_FOUND = "Nothing matches these filters: remove one of them.";
const NOTHING_MADE = "The library is empty: make a dream, and it appears here.";
let made = 0;

function createTile() {
  const image = element("img", "", "", { alt: "", draggable: "false", hidden: true }); // the tile is what is dragged
  const text = element("span", "dream-tile-text");
  const badge = element("span", "dream-tile-stars");
  const caption = element("span", "dream-tile-prompt");
  const node = element("div", "dream-tile", "", { role: "option" }, image, text, badge, caption);
  const tile = { node, image, text, badge, caption, key: "", id: "" };
  node.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", tile.id));
  return tile;
}

/** The list: `node`, which scrolls, and `empty`, which is shown instead when there are no dreams. */
export class TileList {
  active = 0;
  #model;
  #rows;
  #pictures;
  #selection;
  #name = `dream-gallery-${(made += 1)}`;
  #tiles = new Map();
  #columns = 4;
  #width = 160;
  #height = 90;
  #inner = element("div", "dream-list-inner", "", { role: "presentation" });

  constructor(model, rows, pictures, selection) {
    this.#model = model;
    this.#rows = rows;
    this.#pictures = pictures;
    this.#selection = selection;
    const attributes = { role: "listbox", tabindex: 0, "aria-multiselectable": "true", "aria-label": "dreams, newest first" };
    this.node = element("div", "dream-list", "", attributes, this.#inner);
    this.node.addEventListener("scroll", () => requestAnimationFrame(() => this.paint()), { passive: true });
    this.empty = element("p", "dream-empty", "", { hidden: true });
  }

  get columns() {
    return this.#columns;
  }

  /** The distance from one line of tiles to the next, in pixels. */
  get #step() {
    return this.#height + GAP;
  }

  /** How many tiles PageUp and PageDown skip. */
  get page() {
    return Math.max(1, Math.floor(this.node.clientHeight / this.#step)) * this.#columns;
  }

  /** The indices from and to (exclusive) that have tiles: those in view, and a few lines around them. */
  range() {
    const first = Math.max(0, Math.floor((this.node.scrollTop - GAP) / this.#step) - OVERSCAN);
    const last = Math.ceil((this.node.scrollTop + this.node.clientHeight) / this.#step) + OVERSCAN;
    return [first * this.#columns, Math.min(this.#rows.count, last * this.#columns)];
  }

  shows(index) {
    return this.#tiles.has(index);
  }

  keys() {
    return [...this.#tiles.values()].map((tile) => tile.key);
  }

  focus() {
    this.node.focus({ preventScroll: true });
  }

  /** The index of the tile at which an event occurred, or -1. */
  indexOf(event) {
    return Number(event.target.closest(".dream-tile")?.dataset.index ?? -1);
  }

  scrollToTop() {
    this.node.scrollTop = 0;
    this.active = 0;
  }

  /** Make a tile the active one, and scroll it into view. */
  go(index) {
    const { node } = this;
    this.active = Math.max(0, Math.min(this.#rows.count - 1, index));
    const top = Math.floor(this.active / this.#columns) * this.#step;
    const bottom = top + this.#step + GAP;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (bottom > node.scrollTop + node.clientHeight) node.scrollTop = bottom - node.clientHeight;
    this.paint();
  }

  /** Compute the layout from the width of the list and the number of rows. */
  layout() {
    const { count } = this.#rows;
    // Shown before it is measured, because a hidden element has no width.
    if (count) this.node.hidden = false;
    this.empty.hidden = Boolean(count);
    this.empty.textContent = this.#model.get("total") ? NOTHING_FOUND : NOTHING_MADE;
    const all = this.node.clientWidth - 2 * GAP;
    if (all <= 0) return;
    this.#columns = Math.max(2, Math.min(MOST_COLUMNS, Math.floor((all + GAP) / (LEAST_WIDTH + GAP))));
    this.#width = (all - GAP * (this.#columns - 1)) / this.#columns;
    this.#height = Math.round((this.#width * 9) / 16);
    const lines = Math.ceil(count / this.#columns);
    this.#inner.style.height = `${lines * this.#step + GAP}px`;
    // The top of one more line is visible, to show that the list continues.
    const most = MOST_LINES * this.#step + GAP + Math.round(this.#height / 3);
    this.node.style.height = `${Math.min(Math.max(lines, 1) * this.#step + GAP, most)}px`;
    this.node.hidden = !count;
    this.paint();
  }

  /** Create the tiles in view, update them, and remove all others. */
  paint() {
    const [first, last] = this.range();
    for (const [index, tile] of this.#tiles) {
      if (index < first || index >= last) tile.node.remove(), this.#tiles.delete(index);
    }
    const fresh = [];
    for (let index = first; index < last; index += 1) {
      if (!this.#tiles.has(index)) {
        const tile = createTile();
        this.#tiles.set(index, tile);
        fresh.push(tile.node);
      }
      this.#place(this.#tiles.get(index), index);
      const row = this.#rows.at(index);
      if (row) this.#fill(this.#tiles.get(index), row);
      else this.#rows.need(index);
    }
    this.#inner.append(...fresh);
    this.node.toggleAttribute("aria-activedescendant", false);
    if (this.shows(this.active)) this.node.setAttribute("aria-activedescendant", `${this.#name}-${this.active}`);
    this.#pictures.make();
  }

  /** Update the tiles from their rows. */
  refill() {
    for (const tile of this.#tiles.values()) {
      const row = this.#rows.of(tile.key);
      if (row) this.#fill(tile, row);
    }
  }

  #place({ node }, index) {
    const [column, line] = [index % this.#columns, Math.floor(index / this.#columns)];
    node.style.width = `${this.#width}px`;
    node.style.height = `${this.#height}px`;
    node.style.transform = `translate(${GAP + column * (this.#width + GAP)}px, ${GAP + line * this.#step}px)`;
    node.id = `${this.#name}-${index}`;
    node.dataset.index = index;
    node.setAttribute("aria-posinset", index + 1);
    node.setAttribute("aria-setsize", this.#rows.count);
    node.classList.toggle("dream-active", index === this.active);
  }

  #fill(tile, row) {
    const prompt = row.caption || row.prompt || "without a prompt";
    const state = row.state === "completed" ? "" : row.state;
    const problem = this.#pictures.problem(row.key);
    const words = [prompt, row.kind, state, row.stars ? `${row.stars} stars` : "", ...(row.tags ?? [])];
    tile.node.setAttribute("aria-label", words.filter(Boolean).join(", "));
    tile.node.setAttribute("aria-selected", String(this.#selection.has(row.key)));
    tile.node.title = prompt;
    tile.node.dataset.state = row.state;
    tile.caption.textContent = prompt;
    tile.badge.textContent = "★".repeat(row.stars ?? 0);
    tile.text.textContent = problem ?? (row.reason ? `not made: ${row.reason}` : row.file ? "" : state);
    tile.id = row.id ?? "";
    tile.node.draggable = Boolean(tile.id);
    if (tile.key !== row.key) {
      tile.key = row.key;
      tile.image.hidden = true;
    }
    const isShown = tile.image.dataset.key === row.key && !tile.image.hidden;
    if (!row.small || problem || isShown) return;
    if (row.made) this.#showPicture(tile, row);
    else this.#pictures.want(row.key);
  }

  #showPicture(tile, row) {
    this.#pictures.address(row).then((address) => {
      // The tile may show another dream by now.
      if (tile.key !== row.key) return;
      tile.image.onload = () => (tile.image.hidden = tile.key !== row.key);
      tile.image.dataset.key = row.key;
      tile.image.src = address;
    }).catch(() => {});
  }
}
