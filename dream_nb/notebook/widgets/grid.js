// The grid: a sweep on two axes. Videos in view play together, one dream can be enlarged, and two can be compared.
import { ask, button, change, element, errorLine, listen, replaceStandIn } from "./base.js";
import { enlarged, Transport } from "./compare.js";
import { GridProgress } from "./grid_progress.js";
import { Addresses, Lanes, Pictures } from "./grid_files.js";
import { isStill, Tile } from "./grid_tile.js";
import { Large } from "./grid_large.js";

// With more videos at once, browsers drop frames.
const MOST_PLAYING = 24;
// Milliseconds after the last scrolling when the page counts as at rest.
const REST = 200;
const COLUMN_WIDTH = 118;
const HEADER_WIDTH = 84;
const HINTS = ["click one to enlarge it; A/B compares two", "press A/B on another one to compare them", ""];

/** The table with its headers: `node`, and `places`, its empty cells by row and column. */
function createTable(rows, columns) {
  const hasRows = rows.some(Boolean);
  const body = element("tbody");
  const places = rows.map((word) => {
    const cells = columns.map(() => element("td"));
    body.append(element("tr", "", "", {}, ...(hasRows ? [element("th", "", word, { scope: "row" })] : []), ...cells));
    return cells;
  });
  const node = element("table", "dream-table", "", { "aria-label": "the dreams by axis" });
  if (columns.some(Boolean)) {
    const words = columns.map((word) => element("th", "", word, { scope: "col" }));
    node.append(element("thead", "", "", {}, element("tr", "", "", {}, ...(hasRows ? [element("td")] : []), ...words)));
  }
  node.append(body);
  node.style.minWidth = `${columns.length * COLUMN_WIDTH + (hasRows ? HEADER_WIDTH : 0)}px`;
  return { node, places };
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

/** Handle keys: arrows move the focus to the next cell with a finished dream, Home and End to the first and last. */
function listenToKeys(table, tiles, model, { activate, compare, pick }) {
  const go = (number) => {
    if (number === undefined || number < 0) return;
    activate(number);
    tiles[number].main.focus();
  };
  const near = (number, [down, right]) => {
    const cells = model.get("cells");
    const { row, column } = cells[number];
    // Cells whose dream is not finished are skipped.
    const ahead = cells.map((cell, at) => ({ at, by: down ? (cell.row - row) * down : (cell.column - column) * right, cell }))
      .filter(({ at, by, cell }) => by > 0 && tiles[at].isThere && (down ? cell.column === column : cell.row === row));
    return ahead.sort((a, b) => a.by - b.by)[0]?.at;
  };
  table.addEventListener("keydown", (event) => {
    const number = tiles.findIndex(({ main }) => main === event.target);
    if (number < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const act = way ? () => go(near(number, way)) : {
      Home: () => go(tiles.findIndex(({ isThere }) => isThere)),
      End: () => go(tiles.findLastIndex(({ isThere }) => isThere)),
      c: () => compare(number),
      b: () => pick(number),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

/** One view of the grid. */
class Grid {
  #model;
  #tell;
  #addresses;
  #pictures;
  #lanes = new Lanes();
  #compared = [];
  #shown = null;
  #tiles;
  #numbers = new Map();
  #transport;
  #hint = element("span", "dream-grid-hint", "", { role: "status" });
  #progress;
  #foot;
  #scroll;
  #large;
  #active = -1;
  #seen;
  #resting;
  #hasStarted = false;
  #wasPlaying = false;
  #pair = element("div", "");

  constructor(model, line, tell) {
    this.#model = model;
    this.#tell = tell;
    this.#addresses = new Addresses(model);
    this.#pictures = new Pictures(model, { came: (number, address) => this.#tiles[number]?.show(address), tell });
    const table = createTable(model.get("row_words"), model.get("column_words"));
    this.#tiles = model.get("cells").map((cell, number) => this.#createTile(cell, number, table));
    listenToKeys(table.node, this.#tiles, model, {
      activate: (number) => this.#activate(number), compare: (number) => this.#compare(number), pick: (number) => this.#pick(number),
    });
    this.#pictures.recall();
    this.#transport = new Transport(() => this.#videos(), tell);
    this.#progress = new GridProgress(model, tell);
    this.#large = this.#createLarge();
    const { buttons, said } = createExport(model, tell);
    this.#foot = element("div", "dream-grid-foot", "", {}, this.#transport.root, this.#hint, ...buttons);
    this.#scroll = element("div", "dream-grid-scroll", "", {}, table.node);
    this.root = element("div", "dream-nb dream-grid", "", { "data-lm-suppress-shortcuts": "true" },
      this.#progress.root, this.#scroll, this.#large.root, this.#foot, said, line, this.#pair);
    this.#seen = new IntersectionObserver((entries) => this.#see(entries));
    this.#tiles.forEach((tile) => this.#seen.observe(tile.node));
  }

  #createTile(cell, number, table) {
    const tile = new Tile(cell, {
      open: () => this.#open(number), compare: () => this.#compare(number), pick: () => this.#pick(number),
      hover: (isOver) => this.#hover(number, isOver),
    });
    this.#numbers.set(tile.node, number);
    table.places[cell.row][cell.column].append(tile.node);
    return tile;
  }

  #createLarge() {
    return new Large(this.#model, {
      tell: this.#tell,
      poster: (number) => this.#pictures.of(number) ?? "",
      address: (number) => this.#addresses.of(number),
      opened: () => this.#leaveCells(),
      closed: (number) => this.#returnToCells(number),
    });
  }

  reflect() {
    const [cells, states, picked] = ["cells", "states", "picked"].map((trait) => this.#model.get(trait));
    this.#tiles.forEach((tile, number) => {
      const side = ["A", "B"][this.#compared.indexOf(number)] ?? "";
      tile.reflect(states[number], { side, isPicked: picked === number });
    });
    if (this.#active < 0) this.#activate(this.#tiles.findIndex(({ isThere }) => isThere));
    this.#progress.reflect();
    // While a cell waits for the sweep, the kernel could not answer these controls.
    this.#foot.hidden = this.#model.get("waits") || this.#large.isOpen || this.#progress.isOrphan;
    this.#transport.root.hidden = !this.#tiles.some(({ isVideo }) => isVideo);
    const there = states.filter(({ url }) => url).length;
    this.#wantPictures();
    this.#start();
    this.#hint.textContent = there < cells.length ? `${there} of ${cells.length} ready` : HINTS[this.#compared.length];
  }

  orphan(el) {
    this.#progress.orphan(el);
    this.reflect();
  }

  look(number, bytes) {
    this.#tiles[number]?.look(bytes);
  }

  take(number, bytes) {
    this.#pictures.receive(number, bytes);
  }

  #activate(number) {
    if (number < 0) return;
    this.#tiles[this.#active]?.activate(false);
    this.#active = number;
    this.#tiles[number].activate(true);
  }

  #pick(number) {
    change(this.#model, "picked", this.#model.get("picked") === number ? null : number);
  }

  /** Enlarge one dream in the place of the cells. */
  #open(number) {
    const cells = this.#model.get("cells");
    const order = this.#tiles.map((_, at) => at).filter((at) => this.#tiles[at].isThere)
      .sort((a, b) => cells[a].row - cells[b].row || cells[a].column - cells[b].column || a - b);
    this.#large.open(number, order);
  }

  #leaveCells() {
    this.#wasPlaying = this.#transport.isPlaying;
    this.#transport.stop();
    this.#scroll.hidden = true;
    this.reflect();
  }

  #returnToCells(number) {
    this.#scroll.hidden = false;
    this.reflect();
    this.#activate(number);
    const { main } = this.#tiles[number];
    main.focus({ preventScroll: true });
    main.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (this.#wasPlaying) this.#transport.start();
  }

  /** Play the video under the pointer, even if the others are paused or too many. */
  #hover(number, isOver) {
    const tile = this.#tiles[number];
    if (isStill() || !tile.isVideo || this.#model.get("waits")) return;
    if (!isOver) {
      if (tile.video && !this.#transport.plays(tile.video)) tile.video.pause();
      return;
    }
    this.#load(number).then((video) => tile.isHovered && video?.play()).catch(this.#tell);
  }

  #load(number) {
    return this.#tiles[number].load(() => this.#addresses.ofSmall(number));
  }

  /** The numbers of the dreams in view, in the order of the table. */
  #inSight() {
    return this.#tiles.map((_, number) => number).filter((number) => this.#tiles[number].isSeen);
  }

  /** Request the pictures of the dreams in view. While a cell waits for the sweep, Python sends them unasked. */
  #wantPictures() {
    if (this.#model.get("waits")) return;
    this.#pictures.want(this.#inSight().filter((number) => this.#tiles[number].isThere));
  }

  /** Play the finished videos automatically, but only once, so that they stay paused if the user pauses them. */
  #start() {
    const isWaiting = this.#model.get("waits") || !this.#tiles.some(({ isVideo, isSeen }) => isVideo && isSeen);
    if (this.#hasStarted || isWaiting || isStill()) return;
    this.#hasStarted = true;
    this.#transport.start();
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) this.#tiles[this.#numbers.get(target)].isSeen = isIntersecting;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rest(), REST);
  }

  #rest() {
    this.#wantPictures();
    this.#start();
    this.#transport.update();
    for (const tile of this.#tiles) if (!tile.isSeen && !tile.isHovered) tile.unload();
    this.#addresses.trim((number) => Boolean(this.#tiles[number].video));
  }

  close() {
    clearTimeout(this.#resting);
    this.#seen.disconnect();
    this.#progress.close();
    this.#transport.stop();
    this.#shown?.leave(false);
    this.#large.release();
    this.#tiles.forEach((tile) => tile.close());
    this.#pictures.release();
    this.#addresses.release();
  }

  /** Promises the videos in view, and those of the comparison. Videos that cannot be loaded are left out. */
  async #videos() {
    const inSight = this.#inSight().filter((number) => this.#tiles[number].isVideo).slice(0, MOST_PLAYING);
    const loads = inSight.map((number) => this.#lanes.run(() => this.#load(number)));
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
      const { prompt, ratio } = this.#model.get("cells")[one];
      const { kind } = this.#model.get("states")[one];
      return { prompt, kind, ratio, poster: this.#pictures.of(one) ?? "", address: () => this.#addresses.of(one) };
    });
    this.#shown = enlarged(items, { tell: this.#tell, own: false, close: () => this.#endComparison() });
    this.#pair.replaceChildren(this.#shown.root);
    // The compared videos start at the current time of the others.
    this.#transport.refresh().catch(this.#tell);
  }

  #endComparison() {
    const [, last] = this.#compared.splice(0);
    this.#shown = null;
    this.reflect();
    this.#tiles[last]?.main.focus();
  }
}

export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  const grid = new Grid(model, line, tell);
  el.append(grid.root);
  for (const trait of ["states", "picked", "note", "ended", "outcome", "waits", "cancels"]) {
    listen(model, signal, `change:${trait}`, () => grid.reflect());
  }
  listen(model, signal, "msg:custom", ({ sight, picture }, buffers) => {
    if (sight !== undefined) grid.look(sight, buffers[0]);
    if (picture !== undefined) grid.take(picture, buffers[0]);
  });
  // The event that the widget manager sends its models when their kernel is gone.
  listen(model, signal, "comm_live_update", () => grid.orphan(el));
  grid.reflect();
  const restore = model.get("in_place") ? replaceStandIn(el, ".dream_nb-overview") : () => {};
  return () => {
    leaving.abort();
    restore();
    grid.close();
  };
}
