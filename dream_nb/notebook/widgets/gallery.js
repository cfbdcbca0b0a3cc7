// The gallery: everything in the library, with filters, a selection, and actions on it.
import { element, errorLine, galleries, listen, media } from "./base.js";
import { enlarged } from "./compare.js";
import { Actions } from "./gallery_actions.js";
import { Filters } from "./gallery_filters.js";
import { Input } from "./gallery_input.js";
import { TileList } from "./gallery_list.js";
import { Pictures } from "./gallery_pictures.js";
import { Rows } from "./gallery_rows.js";
import { Selection } from "./gallery_selection.js";

/** The enlarged view of one dream, or of two compared. `closed` is called when the user closes it. */
class Enlarged {
  node = element("div", "");
  #model;
  #rows;
  #pictures;
  #tell;
  #closed;
  #shown = null;

  constructor(model, { rows, pictures, tell, closed }) {
    this.#model = model;
    this.#rows = rows;
    this.#pictures = pictures;
    this.#tell = tell;
    this.#closed = closed;
  }

  show(keys) {
    this.close();
    const rows = keys.map((key) => this.#rows.of(key));
    const found = rows.filter((row) => row?.file);
    if (!found.length) {
      const reason = rows.map((row) => row?.reason).find(Boolean);
      return this.#tell(reason ? `Not made: ${reason}` : "It has no file yet: wait until it is done");
    }
    const items = found.slice(0, 2).map((row) => this.#item(row));
    this.#shown = enlarged(items, { tell: this.#tell, close: this.#closed });
    const { root } = this.#shown;
    this.node.replaceChildren(root);
    root.scrollIntoView({ block: "nearest" });
    root.querySelector("[tabindex='0'], button").focus({ preventScroll: true });
  }

  close() {
    this.#shown?.leave(false);
    this.#shown = null;
  }

  #item(row) {
    return {
      prompt: row.prompt ?? "", kind: row.kind, ratio: row.ratio, poster: this.#pictures.address(row),
      address: () => media(this.#model, { file: `file:${row.key}`, url: row.file }),
    };
  }
}

/** Scrolls to the dream that Python points to, once its row can be reached. */
class Pointer {
  #model;
  #root;
  #parts;
  #turn = 0;

  constructor(model, root, parts) {
    this.#model = model;
    this.#root = root;
    this.#parts = parts;
  }

  follow() {
    const { at, turn = 0 } = this.#model.get("point");
    const { rows, list } = this.#parts;
    // The list cannot scroll while it is hidden, or before its rows have arrived.
    if (turn === this.#turn || at >= rows.count || !list.node.clientWidth) return;
    this.#turn = turn;
    list.go(at);
    this.#root.scrollIntoView({ block: "nearest" });
    list.focus();
  }
}

/** The parts of a gallery. `reflect()` is called when rows have arrived. */
function createParts(model, tell, reflect) {
  const rows = new Rows(model, {
    get active() { return list.active; },
    range: () => list.range(),
    shows: (index) => list.shows(index),
    isSelected: (key) => selection.has(key),
    came: () => (list.layout(), reflect()),
    tell,
  });
  const selection = new Selection(model, rows, tell);
  const pictures = new Pictures(model, rows, { keys: () => list.keys(), made: () => list.refill(), tell });
  const list = new TileList(model, rows, pictures, selection);
  const large = new Enlarged(model, { rows, pictures, tell, closed: () => list.focus() });
  const show = (keys) => large.show(keys);
  const actions = new Actions(model, selection, rows, { show, tell, leave: () => list.focus() });
  const filters = new Filters(model, () => actions.act("sync"));
  const input = new Input({ list, rows, selection, actions, stars: model.get("choices").stars, show });
  return { rows, selection, pictures, list, large, actions, filters, input };
}

export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  const reflect = () => (filters.showCounts(rows.count, selection.keys.length), actions.reflect(), pointer?.follow());
  let pointer = null;
  const { rows, selection, pictures, list, large, actions, filters, input } = createParts(model, tell, reflect);
  // This attribute keeps JupyterLab's shortcuts from handling the list's keys.
  const root = element("div", "dream-nb dream-box dream-gallery", "", { "data-lm-suppress-shortcuts": "true" },
    ...filters.nodes, large.node, list.node, list.empty, ...actions.nodes, line);
  el.append(root);
  galleries.set(root, model);
  pointer = new Pointer(model, root, { rows, list });

  const reload = () => (rows.reload(), list.paint());
  const on = (event, handler) => listen(model, signal, event, handler);
  on("change:filters", () => (filters.reflect(), list.scrollToTop(), input.reset(), reload()));
  on("change:version", reload);
  on("change:facets", () => filters.reflect());
  on("change:total", reflect);
  on("change:point", () => pointer.follow());
  on("change:chosen", () => (selection.reflect(), reflect(), list.paint()));
  const sized = new ResizeObserver(() => (list.layout(), pointer.follow()));
  sized.observe(root);

  filters.reflect();
  const first = model.get("first");
  const isCurrent = model.get("version") === 0 && JSON.stringify(first.filters) === JSON.stringify(model.get("filters"));
  rows.count = first.count;
  if (isCurrent) rows.take(first);
  else reload();
  return () => {
    leaving.abort();
    galleries.delete(root);
    sized.disconnect();
    large.close();
    pictures.close();
  };
}
