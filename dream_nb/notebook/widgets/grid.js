// The grid: a sweep on two axes. All of it plays together, and two of it can be compared.
import { ask, button, change, element, errorLine, listen, media, release, replaceStandIn, stateLabel } from "./base.js";
import { enlarged, picture, Transport } from "./compare.js";
import { GridProgress } from "./grid_progress.js";

// How many files are fetched at the same time.
const LANES = 4;
// Of more videos at once a browser drops frames.
const MOST_PLAYING = 24;
// Milliseconds after which a page that is being scrolled has come to rest.
const REST = 200;
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const COLUMN_WIDTH = 118;
const HEADER_WIDTH = 84;

/** Runs tasks, only a few at the same time. */
class Lanes {
  #ends = Array.from({ length: LANES }, () => Promise.resolve());
  #turn = 0;

  /** Promises the task's result. */
  run(task) {
    const lane = (this.#turn += 1) % LANES;
    const end = this.#ends[lane].then(task);
    this.#ends[lane] = end.catch(() => {});
    return end;
  }
}

/** The addresses of the cells' files. */
class Addresses {
  #model;
  #coming = new Map();

  constructor(model) {
    this.#model = model;
  }

  of(number) {
    return this.#once(String(number), this.#model.get("cells")[number].url);
  }

  /** The address of a small copy: of whole files only a few play at the same time. */
  ofSmall(number) {
    return this.#model.get("cells")[number].kind === "video" ? this.#once(`small-${number}`, "") : this.of(number);
  }

  #once(file, url) {
    if (!this.#coming.has(file)) {
      const coming = media(this.#model, { file, url });
      this.#coming.set(file, coming);
      coming.catch(() => this.#coming.delete(file));
    }
    return this.#coming.get(file);
  }

  release() {
    for (const coming of this.#coming.values()) coming.then(release, () => {});
  }
}

/** The table with its headers: `node`, and `places`, its empty cells by row and column. */
function createTable(rows, columns) {
  const hasRows = rows.some(Boolean);
  const body = element("tbody");
  const places = rows.map((word) => {
    const cells = columns.map(() => element("td"));
    body.append(element("tr", "", "", {}, ...(hasRows ? [element("th", "", word, { scope: "row" })] : []), ...cells));
    return cells;
  });
  const node = element("table", "dream-table", "", { "aria-label": "the dreams on their axes" });
  if (columns.some(Boolean)) {
    const words = columns.map((word) => element("th", "", word, { scope: "col" }));
    node.append(element("thead", "", "", {}, element("tr", "", "", {}, ...(hasRows ? [element("td")] : []), ...words)));
  }
  node.append(body);
  node.style.minWidth = `${columns.length * COLUMN_WIDTH + (hasRows ? HEADER_WIDTH : 0)}px`;
  return { node, places };
}

/** One dream in the grid; its buttons call `compare()` and `pick()`. */
class Tile {
  #state = element("span", "dream-cell-state");
  #done = element("i", "");
  #bar = element("div", "dream-cell-bar", "", {}, this.#done);
  #badge = element("span", "dream-cell-side", "", { "aria-hidden": "true" });
  #best;
  #box;
  #picture = null;
  #sight = null;
  /** Whether it is in sight. */
  isSeen = false;
  /** Loads its video and promises the element; null as long as there is no video. */
  load = null;

  constructor(cell, { compare, pick }) {
    this.take = button("", compare, "dream-cell-take", { "aria-pressed": "false" });
    this.#best = button("☆", pick, "dream-button dream-cell-best", { "aria-pressed": "false" });
    this.#box = element("div", "dream-cell", "", {}, this.#state, this.#bar, this.take, this.#badge, this.#best);
    this.#box.style.aspectRatio = cell.ratio.replace(":", " / ");
    this.node = element("div", "dream-cell-place", "", {}, this.#box, element("div", "dream-cell-caption", cell.caption));
  }

  /** Show the dream's status. `side` is "A" or "B" if it is compared, else empty; `address()` promises its file's. */
  reflect(cell, { state, fraction, note }, { side, isPicked, address }) {
    const isThere = Boolean(cell.url) && !cell.problem;
    if (isThere) this.#addPicture(cell, address);
    const says = isThere ? "" : cell.problem || (state === "failed" ? `not made: ${note}` : stateLabel(state));
    this.#state.textContent = says;
    this.#state.title = note;
    this.#state.hidden = isThere;
    this.#bar.hidden = isThere || state === "failed";
    this.#done.style.width = `${100 * (fraction ?? 0)}%`;
    this.#box.dataset.state = isThere ? "completed" : state;
    this.#badge.textContent = side;
    this.#badge.hidden = !side;
    this.take.disabled = !isThere;
    this.take.setAttribute("aria-pressed", String(Boolean(side)));
    this.take.setAttribute("aria-label", [`compare: ${cell.prompt}`, side, says].filter(Boolean).join(", "));
    this.take.title = cell.prompt;
    this.#best.hidden = !isThere;
    this.#best.textContent = isPicked ? "★" : "☆";
    this.#best.setAttribute("aria-pressed", String(isPicked));
    this.#best.setAttribute("aria-label", `best: ${cell.prompt}`);
    this.#box.classList.toggle("dream-picked", isPicked);
  }

  /** Show the first picture of what is being made. */
  look(bytes) {
    if (this.#picture) return;
    this.#forget();
    this.#sight = element("img", "dream-cell-picture", "", { alt: "", src: URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) });
    this.#box.prepend(this.#sight);
    this.#box.classList.add("dream-cell-seen");
  }

  #forget() {
    if (!this.#sight) return;
    URL.revokeObjectURL(this.#sight.src);
    this.#sight.remove();
    this.#sight = null;
    this.#box.classList.remove("dream-cell-seen");
  }

  #addPicture({ prompt, kind, poster }, address) {
    if (this.#picture) return;
    this.#picture = picture({ prompt, kind, poster, address }, "dream-cell-picture");
    this.#box.prepend(this.#picture.node);
    this.#forget();
    if (kind === "video") this.load = this.#picture.load;
  }
}

/** Buttons that write files, and the line that says where they were written. */
function createExport(model, tell) {
  const said = element("span", "dream-said", "", { role: "status" });
  const write = (form, text, meanwhile) => button(text, async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    tell("");
    said.textContent = meanwhile;
    try {
      said.textContent = `Written: ${(await ask(model, "export", { form }, [], 0)).path}`;
    } catch (error) {
      said.textContent = "";
      tell(error);
    }
    pressed.disabled = false;
  });
  return { buttons: [write("png", "Contact sheet", ""), write("mp4", "Side-by-side film", "writing the film …")], said };
}

/** Let the arrow keys move the focus to the next cell, if its dream can be compared. */
function listenToArrows(table, tiles, model) {
  table.addEventListener("keydown", (event) => {
    const number = tiles.findIndex(({ take }) => take === event.target);
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (number < 0 || !by) return;
    const cells = model.get("cells");
    const { row, column } = cells[number];
    const next = cells.findIndex((cell, at) => cell.row === row + by[0] && cell.column === column + by[1] && !tiles[at].take.disabled);
    event.preventDefault();
    event.stopPropagation();
    tiles[next]?.take.focus();
  });
}

/** One view of the grid. */
class Grid {
  #model;
  #tell;
  #addresses;
  #lanes = new Lanes();
  #compared = [];
  #shown = null;
  #tiles;
  #transport;
  #hint = element("span", "dream-grid-hint", "", { role: "status" });
  #progress;
  #foot;
  #seen;
  #resting;
  #hasStarted = false;
  #large = element("div", "");

  constructor(model, line, tell) {
    this.#model = model;
    this.#tell = tell;
    this.#addresses = new Addresses(model);
    const table = createTable(model.get("row_words"), model.get("column_words"));
    this.#tiles = model.get("cells").map((cell, number) => {
      const pick = () => change(model, "picked", model.get("picked") === number ? null : number);
      const tile = new Tile(cell, { compare: () => this.#compare(number), pick });
      table.places[cell.row][cell.column].append(tile.node);
      return tile;
    });
    listenToArrows(table.node, this.#tiles, model);
    this.#seen = new IntersectionObserver((entries) => this.#see(entries));
    this.#tiles.forEach((tile) => this.#seen.observe(tile.node));
    this.#transport = new Transport(() => this.#videos(), tell);
    this.#progress = new GridProgress(model, tell);
    const { buttons, said } = createExport(model, tell);
    const foot = this.#foot = element("div", "dream-grid-foot", "", {}, this.#transport.root, this.#hint, ...buttons);
    this.root = element("div", "dream-nb dream-grid", "", { "data-lm-suppress-shortcuts": "true" },
      this.#progress.root, element("div", "dream-grid-scroll", "", {}, table.node), foot, said, line, this.#large);
  }

  reflect() {
    const [cells, states, picked] = ["cells", "states", "picked"].map((trait) => this.#model.get(trait));
    this.#tiles.forEach((tile, number) => {
      const side = ["A", "B"][this.#compared.indexOf(number)] ?? "";
      const address = () => this.#addresses.ofSmall(number);
      tile.reflect(cells[number], states[number], { side, isPicked: picked === number, address });
    });
    this.#progress.reflect();
    // A kernel whose cell waits for the sweep would answer none of these.
    this.#foot.hidden = this.#model.get("waits");
    this.#transport.root.hidden = !cells.some((cell) => cell.kind === "video" && cell.url);
    const there = cells.filter((cell) => cell.url).length;
    this.#start();
    this.#hint.textContent = there < cells.length
      ? `${there} of ${cells.length} there`
      : ["choose two to compare", "choose another to compare", ""][this.#compared.length];
  }

  look(number, bytes) {
    this.#tiles[number]?.look(bytes);
  }

  /** Play what has come, once: whoever stops it has it stopped. */
  #start() {
    const isWaiting = this.#model.get("waits") || !this.#tiles.some(({ load, isSeen }) => load && isSeen);
    if (this.#hasStarted || isWaiting || isStill()) return;
    this.#hasStarted = true;
    this.#transport.start();
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) this.#tiles.find(({ node }) => node === target).isSeen = isIntersecting;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => (this.#start(), this.#transport.update()), REST);
  }

  close() {
    clearTimeout(this.#resting);
    this.#seen.disconnect();
    this.#progress.close();
    this.#transport.stop();
    this.#shown?.leave(false);
    this.#addresses.release();
  }

  /** Promises the videos of the table that are in sight, and of the comparison. Those that cannot be loaded are left out. */
  async #videos() {
    const inSight = this.#tiles.filter(({ load, isSeen }) => load && isSeen).slice(0, MOST_PLAYING);
    const loads = inSight.map(({ load }) => this.#lanes.run(load));
    const came = await Promise.allSettled([...loads, ...(this.#shown ? [this.#shown.ready()] : [])]);
    const wrong = came.find(({ status }) => status === "rejected");
    if (wrong) this.#tell(wrong.reason);
    return came.flatMap(({ value }) => value ?? []);
  }

  /** Add a dream to the comparison, or remove it. A third one replaces the second. */
  #compare(number) {
    const at = this.#compared.indexOf(number);
    if (at >= 0) this.#compared.splice(at, 1);
    else if (this.#compared.length === 2) this.#compared.splice(1, 1, number);
    else this.#compared.push(number);
    this.reflect();
    this.#shown?.leave(false);
    this.#shown = null;
    if (this.#compared.length !== 2) return;
    const items = this.#compared.map((one) => {
      const { prompt, kind, ratio, poster } = this.#model.get("cells")[one];
      return { prompt, kind, ratio, poster, address: () => this.#addresses.of(one) };
    });
    this.#shown = enlarged(items, { tell: this.#tell, own: false, close: () => this.#endComparison() });
    this.#large.replaceChildren(this.#shown.root);
    // They start at the time that the other videos have reached.
    this.#transport.refresh().catch(this.#tell);
  }

  #endComparison() {
    const [, last] = this.#compared.splice(0);
    this.#shown = null;
    this.reflect();
    this.#tiles[last]?.take.focus();
  }
}

export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  const grid = new Grid(model, line, tell);
  el.append(grid.root);
  for (const trait of ["cells", "states", "picked", "note", "ended", "waits", "cancels"]) {
    listen(model, signal, `change:${trait}`, () => grid.reflect());
  }
  listen(model, signal, "msg:custom", ({ sight }, buffers) => sight !== undefined && grid.look(sight, buffers[0]));
  grid.reflect();
  const restore = model.get("in_place") ? replaceStandIn(el, ".dream_nb-overview") : () => {};
  return () => {
    leaving.abort();
    restore();
    grid.close();
  };
}
