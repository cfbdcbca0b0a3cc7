// The grid: a sweep on two axes, played all at once, two of it compared.
import { ask, button, element, errorLine, media, release } from "./base.js";
import { picture, stage, transport } from "./stage.js";

const STATES = {
  waiting: "waiting",
  sending: "sending",
  looking: "looking for it",
  queued: "waiting for its turn",
  dreaming: "dreaming",
  downloading: "fetching the file",
  failed: "not made",
};
// So many files are fetched at once.
const LANES = 4;

export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  const on = (event, handler) => (model.on(event, handler), signal.addEventListener("abort", () => model.off(event, handler)));
  const addresses = new Map();
  const chosen = [];
  let shown = null;

  const lanes = Array.from({ length: LANES }, () => Promise.resolve());
  let turn = 0;
  const inTurn = (task) => {
    const lane = (turn += 1) % LANES;
    const run = lanes[lane].then(task);
    lanes[lane] = run.catch(() => {});
    return run;
  };
  const address = (number) => {
    if (!addresses.has(number)) {
      const coming = media(model, { file: String(number), url: model.get("cells")[number].url });
      addresses.set(number, coming);
      coming.catch(() => addresses.delete(number));
    }
    return addresses.get(number);
  };

  // The table: a place a row and column, in it one tile or more.
  const [rows, columns] = [model.get("row_words"), model.get("column_words")];
  const hasRows = rows.some(Boolean);
  const body = element("tbody");
  const places = rows.map((word) => {
    const cells = columns.map(() => element("td"));
    body.append(element("tr", "", "", {}, ...(hasRows ? [element("th", "", word, { scope: "row" })] : []), ...cells));
    return cells;
  });
  const head = columns.some(Boolean)
    ? [element("thead", "", "", {}, element("tr", "", "", {}, ...(hasRows ? [element("td")] : []), ...columns.map((word) => element("th", "", word, { scope: "col" }))))]
    : [];
  const table = element("table", "dream-table", "", { "aria-label": "the dreams on their axes" }, ...head, body);

  table.style.minWidth = `${columns.length * 118 + (hasRows ? 84 : 0)}px`;

  const tiles = model.get("cells").map((cell, number) => {
    const box = element("div", "dream-cell");
    box.style.aspectRatio = cell.ratio.replace(":", " / ");
    const state = element("span", "dream-cell-state");
    const done = element("i", "");
    const bar = element("div", "dream-cell-bar", "", {}, done);
    const badge = element("span", "dream-cell-side", "", { "aria-hidden": "true" });
    const take = button("", () => compare(number), "dream-cell-take", { "aria-pressed": "false" });
    const best = button("☆", () => save("picked", model.get("picked") === number ? null : number), "dream-button dream-cell-best", { "aria-pressed": "false" });
    box.append(state, bar, take, badge, best);
    const caption = element("div", "dream-cell-caption", cell.caption);
    places[cell.row][cell.column].append(element("div", "dream-cell-place", "", {}, box, caption));
    return { box, state, done, bar, badge, take, best, layer: null };
  });

  const all = transport(async () => {
    const videos = tiles.map(({ layer }) => layer).filter(Boolean);
    const came = await Promise.allSettled([...videos.map((layer) => inTurn(layer.load)), ...(shown ? [shown.ready()] : [])]);
    const wrong = came.find(({ status }) => status === "rejected");
    if (wrong) tell(wrong.reason);
    return came.flatMap(({ value }) => value ?? []);
  }, tell);
  const word = element("span", "dream-grid-hint", "", { role: "status" });
  const said = element("span", "dream-said", "", { role: "status" });
  const write = (form, text) => button(text, async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    tell("");
    said.textContent = form === "mp4" ? "writing the film …" : "";
    try {
      said.textContent = `Written: ${(await ask(model, "export", { form }, [], 0)).path}`;
    } catch (error) {
      said.textContent = "";
      tell(error);
    }
    pressed.disabled = false;
  });
  const foot = element("div", "dream-grid-foot", "", {}, all.root, word, write("png", "Contact sheet"), write("mp4", "Side-by-side film"));
  const large = element("div", "");
  const root = element("div", "dream-nb dream-grid", "", { "data-lm-suppress-shortcuts": "true" }, element("div", "dream-grid-scroll", "", {}, table), foot, said, line, large);
  el.append(root);

  const save = (trait, value) => (model.set(trait, value), model.save_changes());

  function compare(number) {
    const at = chosen.indexOf(number);
    if (at >= 0) chosen.splice(at, 1);
    else if (chosen.length === 2) chosen.splice(1, 1, number);
    else chosen.push(number);
    reflect();
    shown?.leave(false);
    shown = null;
    if (chosen.length !== 2) return;
    const items = chosen.map((one) => {
      const cell = model.get("cells")[one];
      return { prompt: cell.prompt, kind: cell.kind, ratio: cell.ratio, poster: cell.poster, address: () => address(one) };
    });
    shown = stage(items, { tell, own: false, close: () => {
      const [, last] = chosen.splice(0);
      shown = null;
      reflect();
      tiles[last]?.take.focus();
    } });
    large.replaceChildren(shown.root);
    // In step with the others from the first.
    all.refresh().catch(tell);
  }

  function reflect() {
    const [cells, states, picked] = ["cells", "states", "picked"].map((trait) => model.get(trait));
    tiles.forEach((tile, number) => {
      const cell = cells[number];
      const [state, fraction, note] = states[number] ?? ["", null, ""];
      const isThere = Boolean(cell.url) && !cell.problem;
      if (isThere && !tile.layer) {
        const layer = picture({ prompt: cell.prompt, kind: cell.kind, poster: cell.poster, address: () => address(number) }, "dream-cell-picture");
        tile.box.prepend(layer.node);
        if (cell.kind === "video") tile.layer = layer;
      }
      const says = isThere ? "" : cell.problem || (state === "failed" ? `not made: ${note}` : STATES[state] ?? state);
      tile.state.textContent = says;
      tile.state.title = note;
      tile.state.hidden = isThere;
      tile.bar.hidden = isThere || state === "failed";
      tile.done.style.width = `${100 * (fraction ?? 0)}%`;
      tile.box.dataset.state = isThere ? "completed" : state;
      const side = ["A", "B"][chosen.indexOf(number)] ?? "";
      tile.badge.textContent = side;
      tile.badge.hidden = !side;
      tile.take.disabled = !isThere;
      tile.take.setAttribute("aria-pressed", String(Boolean(side)));
      tile.take.setAttribute("aria-label", `compare: ${cell.prompt}${side && `, ${side}`}${says && `, ${says}`}`);
      tile.take.title = cell.prompt;
      tile.best.hidden = !isThere;
      tile.best.textContent = picked === number ? "★" : "☆";
      tile.best.setAttribute("aria-pressed", String(picked === number));
      tile.best.setAttribute("aria-label", `best: ${cell.prompt}`);
      tile.box.classList.toggle("dream-picked", picked === number);
    });
    all.root.hidden = !cells.some((cell) => cell.kind === "video" && cell.url);
    word.textContent = ["choose two to compare", "choose another to compare", ""][chosen.length];
    const done = cells.filter((cell) => cell.url).length;
    if (done < cells.length) word.textContent = `${done} of ${cells.length} there`;
  }

  // The arrow keys go through the table.
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
  on("change:cells", reflect);
  on("change:states", reflect);
  on("change:picked", reflect);
  reflect();
  return () => {
    leaving.abort();
    all.stop();
    shown?.leave(false);
    for (const coming of addresses.values()) coming.then(release, () => {});
  };
}
