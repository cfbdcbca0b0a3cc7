// The gallery: a long list of dreams, of which only what is seen is in the page.
import { ask, button, element, errorLine, media, release } from "./base.js";
import { stage } from "./stage.js";

const GAP = 8;
const LEAST_WIDTH = 150;
const MOST_COLUMNS = 16;
const OVERSCAN = 2;
const BLOCK = 60;
const KEPT_ROWS = 1500;
const KEPT_PICTURES = 400;
const RATIOS = ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"];
const CHIPS = [["kind", "video"], ["kind", "image"], ["state", "completed"], ["state", "failed"], ["state", "under way"]];
let made = 0;

export function render({ model, el }) {
  const name = `dream-gallery-${(made += 1)}`;
  const leaving = new AbortController();
  const { signal } = leaving;
  const { line, tell } = errorLine(model, { signal });
  const on = (event, handler) => (model.on(event, handler), signal.addEventListener("abort", () => model.off(event, handler)));
  const save = (trait, value) => (model.set(trait, value), model.save_changes());

  // What is looked for.
  const search = element("input", "dream-input dream-search", "", { type: "search", placeholder: "Search prompts, notes and tags", "aria-label": "search prompts, notes and tags" });
  const chips = CHIPS.map(([field, value]) => {
    const chip = button(value, () => narrow(field, filters()[field] === value ? "" : value), "dream-button dream-chip");
    return { field, value, chip };
  });
  const select = (field, label, values) => {
    const made = element("select", "dream-input", "", { "aria-label": label });
    made.addEventListener("change", () => narrow(field, field === "stars" ? Number(made.value) : made.value));
    const fill = (choices) => made.replaceChildren(...choices.map(([value, text]) => element("option", "", text, { value })));
    fill(values);
    return { field, made, fill };
  };
  const any = (label, values) => [["", label], ...values.map((value) => [value, value])];
  const ratio = select("ratio", "aspect ratio", any("any shape", RATIOS));
  const backend = select("backend", "backend", any("any backend", []));
  const stars = select("stars", "stars", [[0, "any stars"], ...[1, 2, 3, 4, 5].map((n) => [n, `★ ${n}${n < 5 ? " and more" : ""}`])]);
  const tag = select("tag", "tag", any("any tag", []));
  const dates = [["since", "from this day"], ["until", "to this day"]].map(([field, label]) => {
    const made = element("input", "dream-input", "", { type: "date", "aria-label": label, title: label });
    made.addEventListener("change", () => narrow(field, made.value));
    return { field, made };
  });
  const status = element("span", "dream-count", "", { role: "status" });
  const bring = button("Bring in", async () => {
    bring.disabled = true;
    await act("sync");
    bring.disabled = false;
  }, "dream-button", { title: "from the account, what is not in the library", "aria-label": "bring in what is on the account" });
  const bar = element("div", "dream-row", "", { role: "search" }, search, ...chips.map(({ chip }) => chip));
  const more = element("div", "dream-row", "", {}, ratio.made, backend.made, stars.made, tag.made, ...dates.map(({ made }) => made), status, bring);

  // What is done with what is selected.
  const rate = element("span", "dream-stars", "", { role: "group", "aria-label": "stars of what is selected" });
  rate.append(...[0, 1, 2, 3, 4, 5].map((n) => button(n ? "★".repeat(n) : "no ★", () => act("mark", { stars: n }), "dream-button", { "aria-label": `${n} stars` })));
  const field = (label, width, done) => {
    const made = element("input", "dream-input", "", { type: "text", placeholder: label, "aria-label": label, size: width });
    made.addEventListener("keydown", (event) => event.key === "Enter" && (event.stopPropagation(), done(made)));
    return made;
  };
  const tagging = field("add a tag", 9, (made) => made.value.trim() && act("mark", { tag: made.value }).then(() => (made.value = "")));
  const noting = field("note", 16, (made) => act("mark", { note: made.value }));
  const worn = element("span", "dream-tags");
  const compare = button("Compare", () => show(keys()));
  const actions = element("div", "dream-row dream-actions", "", { role: "group", "aria-label": "what is selected" },
    rate, worn, tagging, noting, compare,
    button("Extend", () => question(`Go on from the end of ${dreams(keys().length)}, each at its backend, at its price.`, `Extend ${keys().length}`, "what happens then; empty for the same prompt", (prompt) => act("extend", { prompt }))),
    button("Export", () => question(`Copy ${dreams(keys().length)} into a folder ${model.get("place")}, with a page that plays them.`, `Export ${keys().length}`, "name of the folder", (folder) => act("export", { folder }).then((answer) => answer && say(`Exported: ${decodeURI(answer.page)}`)), "export")),
    button("Delete", remove, "dream-button dream-danger"),
    button("None", () => choose([]), "dream-button", { "aria-label": "select none" }));
  const asking = element("div", "dream-asking");
  const large = element("div", "");
  const said = element("div", "dream-said", "", { role: "status" });

  // The wall.
  const inner = element("div", "dream-wall-inner", "", { role: "presentation" });
  const wall = element("div", "dream-wall", "", { role: "listbox", tabindex: 0, "aria-multiselectable": "true", "aria-label": "dreams, newest first" }, inner);
  const empty = element("p", "dream-empty", "", { hidden: true });
  // JupyterLab's own keys must not take those of the wall.
  const root = element("div", "dream-nb dream-box dream-gallery", "", { "data-lm-suppress-shortcuts": "true" }, bar, more, actions, asking, said, line, large, wall, empty);
  el.append(root);

  const filters = () => model.get("filters");
  const keys = () => model.get("chosen");
  const dreams = (n) => (n === 1 ? "1 dream" : `${n.toLocaleString("en")} dreams`);
  const say = (text) => (said.textContent = text);
  let chosen = new Set(keys());
  let rows = new Map();
  let tiles = new Map();
  let [count, columns, width, height, active, anchor, round] = [0, 4, 160, 90, 0, 0, 0];
  const asked = new Set();
  const pictures = new Map();
  const wanted = new Set();
  const broken = new Map();

  function narrow(field, value) {
    const { [field]: _, ...rest } = filters();
    save("filters", value ? { ...rest, [field]: value } : rest);
  }

  async function act(action, content = {}) {
    tell("");
    say("");
    try {
      return await ask(model, action, action === "sync" ? content : { keys: keys(), ...content }, [], 0);
    } catch (error) {
      tell(error);
      return null;
    }
  }

  function question(text, yes, label, answered, given = "") {
    const input = label ? element("input", "dream-input", "", { type: "text", placeholder: label, "aria-label": label }) : null;
    if (input) input.value = given;
    const close = () => (asking.replaceChildren(), wall.focus({ preventScroll: true }));
    const agree = () => (close(), answered(input?.value));
    const agreed = button(yes, agree, `dream-button ${label ? "dream-main" : "dream-danger"}`);
    const keep = button(label ? "Cancel" : "Keep", close);
    const form = element("div", "dream-question", "", { role: label ? "group" : "alertdialog", "aria-label": text }, element("span", "", text), ...(input ? [input] : []), agreed, keep);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && event.target === input) agree();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    asking.replaceChildren(form);
    (input ?? keep).focus();
  }

  function remove() {
    if (!keys().length) return;
    const n = keys().length;
    question(`Delete ${dreams(n)}, at the server and the files here? This cannot be undone.`, `Delete ${n}`, "", () => act("delete"));
  }

  // Selection.
  function choose(list) {
    save("chosen", [...new Set(list)]);
  }
  async function chooseBetween(from, to) {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const here = [];
    for (let index = first; index <= last && rows.has(index); index += 1) here.push(rows.get(index).key);
    if (here.length === last - first + 1) return choose(here);
    try {
      choose((await ask(model, "keys_between", { filters: filters(), offset: first, limit: last - first + 1 })).keys);
    } catch (error) {
      tell(error);
    }
  }
  function toggle(index) {
    const key = rows.get(index)?.key;
    if (key) choose(chosen.has(key) ? keys().filter((one) => one !== key) : [...keys(), key]);
  }

  // One or two of them, large.
  let shown = null;
  function show(list) {
    shown?.leave(false);
    shown = null;
    const found = list.map((key) => known(key)).filter((row) => row?.file);
    if (!found.length) {
      const reason = list.map((key) => known(key)?.reason).find(Boolean);
      return tell(reason ? `Not made: ${reason}` : "It has no file yet: wait until it is done");
    }
    const items = found.slice(0, 2).map((row) => ({
      prompt: row.prompt ?? "", kind: row.kind, ratio: row.ratio, poster: small(row),
      address: () => media(model, { file: `file:${row.key}`, url: row.file }),
    }));
    shown = stage(items, { tell, close: () => wall.focus({ preventScroll: true }) });
    large.replaceChildren(shown.root);
    shown.root.scrollIntoView({ block: "nearest" });
    shown.root.querySelector("[tabindex='0'], button").focus({ preventScroll: true });
  }
  const seen = new Map();
  function known(key) {
    return seen.get(key);
  }

  // Rows come in blocks, when they are needed.
  async function fetchRows(block) {
    const id = `${round}:${block}`;
    if (asked.has(id)) return;
    asked.add(id);
    const now = round;
    try {
      const answer = await ask(model, "window", { filters: filters(), offset: block * BLOCK, limit: BLOCK });
      if (now === round) take(answer);
    } catch (error) {
      asked.delete(id);
      if (now === round) tell(error);
    }
  }
  function take({ count: all, offset, rows: list }) {
    list.forEach((row, at) => rows.set(offset + at, row));
    for (const row of list) seen.set(row.key, row);
    if (seen.size > 3 * KEPT_ROWS) [...seen.keys()].slice(0, KEPT_ROWS).forEach((key) => chosen.has(key) || seen.delete(key));
    if (rows.size > KEPT_ROWS) {
      const middle = active;
      [...rows.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle)).slice(0, rows.size - KEPT_ROWS / 2)
        .forEach((index) => tiles.has(index) || rows.delete(index));
      asked.clear();
    }
    count = all;
    layout();
    tally();
  }
  function reload() {
    round += 1;
    rows = new Map();
    asked.clear();
    fetchRows(Math.floor(range()[0] / BLOCK));
    paint();
  }

  function layout() {
    // Before it is measured: what is hidden has no width.
    if (count) wall.hidden = false;
    empty.hidden = Boolean(count);
    empty.textContent = model.get("total") ? "Nothing here is like that: ask for less." : "The library is empty: make a dream, and it appears here.";
    const all = wall.clientWidth - 2 * GAP;
    if (all <= 0) return;
    columns = Math.max(2, Math.min(MOST_COLUMNS, Math.floor((all + GAP) / (LEAST_WIDTH + GAP))));
    width = (all - GAP * (columns - 1)) / columns;
    height = Math.round((width * 9) / 16);
    const lines = Math.ceil(count / columns);
    inner.style.height = `${lines * (height + GAP) + GAP}px`;
    wall.style.height = `${Math.min(Math.max(lines, 1) * (height + GAP) + GAP, 4 * (height + GAP) + GAP + Math.round(height / 3))}px`;
    wall.hidden = !count;
    paint();
  }
  function range() {
    const step = height + GAP;
    const first = Math.max(0, Math.floor((wall.scrollTop - GAP) / step) - OVERSCAN);
    const last = Math.ceil((wall.scrollTop + wall.clientHeight) / step) + OVERSCAN;
    return [first * columns, Math.min(count, last * columns)];
  }
  function paint() {
    const [first, last] = range();
    for (const [index, tile] of tiles) {
      if (index < first || index >= last) tile.node.remove(), tiles.delete(index);
    }
    const fresh = [];
    for (let index = first; index < last; index += 1) {
      let tile = tiles.get(index);
      if (!tile) {
        tile = makeTile();
        tiles.set(index, tile);
        fresh.push(tile.node);
      }
      const { style } = tile.node;
      style.width = `${width}px`;
      style.height = `${height}px`;
      style.transform = `translate(${GAP + (index % columns) * (width + GAP)}px, ${GAP + Math.floor(index / columns) * (height + GAP)}px)`;
      tile.node.id = `${name}-${index}`;
      tile.node.dataset.index = index;
      tile.node.setAttribute("aria-posinset", index + 1);
      tile.node.setAttribute("aria-setsize", count);
      tile.node.classList.toggle("dream-active", index === active);
      const row = rows.get(index);
      if (row) fill(tile, row);
      else need(Math.floor(index / BLOCK));
    }
    inner.append(...fresh);
    wall.toggleAttribute("aria-activedescendant", false);
    if (tiles.has(active)) wall.setAttribute("aria-activedescendant", `${name}-${active}`);
    askPictures();
  }
  // A wall that is scrolled fast passes over rows that nobody sees.
  const blocks = new Set();
  let pause;
  function need(block) {
    blocks.add(block);
    clearTimeout(pause);
    pause = setTimeout(() => {
      const [first, last] = range();
      for (const one of blocks) if ((one + 1) * BLOCK > first && one * BLOCK < last) fetchRows(one);
      blocks.clear();
    }, 40);
  }

  function makeTile() {
    const image = element("img", "", "", { alt: "", draggable: "false", hidden: true }); // the tile is what is dragged
    const text = element("span", "dream-tile-text");
    const badge = element("span", "dream-tile-stars");
    const caption = element("span", "dream-tile-prompt");
    const tile = { node: element("div", "dream-tile", "", { role: "option" }, image, text, badge, caption), image, text, badge, caption, key: "", id: "" };
    tile.node.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", tile.id));
    return tile;
  }
  function fill(tile, row) {
    const prompt = row.prompt || "without a prompt";
    const state = row.state === "completed" ? "" : row.state;
    const problem = broken.get(row.key);
    tile.node.setAttribute("aria-label", [prompt, row.kind, state, row.stars ? `${row.stars} stars` : "", ...(row.tags ?? [])].filter(Boolean).join(", "));
    tile.node.setAttribute("aria-selected", String(chosen.has(row.key)));
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
    if (!row.small || problem || (tile.image.dataset.key === row.key && !tile.image.hidden)) return;
    if (!row.made) return void wanted.add(row.key);
    small(row).then((address) => {
      if (tile.key !== row.key) return;
      tile.image.onload = () => (tile.image.hidden = tile.key !== row.key);
      tile.image.dataset.key = row.key;
      tile.image.src = address;
    }).catch(() => {});
  }
  function small(row) {
    if (!pictures.has(row.key)) {
      const coming = media(model, { file: `small:${row.key}`, url: row.small });
      pictures.set(row.key, coming);
      coming.catch(() => pictures.delete(row.key));
      if (pictures.size > KEPT_PICTURES) {
        const used = new Set([...tiles.values()].map((tile) => tile.key));
        const [old] = [...pictures].find(([key]) => !used.has(key)) ?? [];
        if (old) pictures.get(old).then(release, () => {}), pictures.delete(old);
      }
    }
    return pictures.get(row.key);
  }
  let making = false;
  async function askPictures() {
    // A few at a time: they appear as they are made, and those that nobody sees any more are not asked for.
    if (making) return;
    making = true;
    while (wanted.size && !signal.aborted) {
      const used = new Map([...tiles.values()].map((tile) => [tile.key, tile]));
      const some = [...wanted].filter((key) => used.has(key)).slice(0, 12);
      wanted.clear();
      if (!some.length) break;
      try {
        const { problems } = await ask(model, "pictures", { keys: some }, [], 0);
        for (const key of some) if (problems[key]) broken.set(key, problems[key]);
      } catch (error) {
        tell(error);
        break;
      }
      for (const key of some) {
        const row = seen.get(key);
        if (row) row.made = !broken.has(key);
      }
      for (const tile of tiles.values()) {
        const row = seen.get(tile.key);
        if (row) fill(tile, row);
      }
    }
    making = false;
  }

  function tally() {
    const total = model.get("total");
    const n = keys().length;
    const text = [count === total ? dreams(total) : `${count.toLocaleString("en")} of ${total.toLocaleString("en")}`, n ? `${n.toLocaleString("en")} selected` : ""];
    status.textContent = text.filter(Boolean).join(" · ");
    actions.inert = !n;
    compare.disabled = n !== 2;
    compare.title = n === 2 ? "A and B" : "select two";
    const row = n === 1 ? seen.get(keys()[0]) : null;
    if (root.getRootNode().activeElement !== noting) noting.value = row?.note ?? "";
    worn.replaceChildren(...(row?.tags ?? []).map((one) => button(`${one} ×`, () => act("mark", { untag: one }), "dream-button dream-chip", { "aria-label": `remove tag ${one}` })));
  }
  function reflect() {
    const now = filters();
    if (root.getRootNode().activeElement !== search) search.value = now.search ?? "";
    for (const { field, value, chip } of chips) chip.setAttribute("aria-pressed", String(now[field] === value));
    const { backends = [], tags = [] } = model.get("facets");
    backend.fill(any("any backend", backends));
    tag.fill(any("any tag", tags));
    tag.made.hidden = !tags.length;
    for (const { field, made } of [ratio, backend, stars, tag, ...dates]) made.value = now[field] ?? (field === "stars" ? 0 : "");
  }

  // Pointer and keys.
  const go = (index) => {
    active = Math.max(0, Math.min(count - 1, index));
    const step = height + GAP;
    const top = Math.floor(active / columns) * step;
    if (top < wall.scrollTop) wall.scrollTop = top;
    else if (top + step + GAP > wall.scrollTop + wall.clientHeight) wall.scrollTop = top + step + GAP - wall.clientHeight;
    paint();
  };
  inner.addEventListener("click", (event) => {
    const index = Number(event.target.closest(".dream-tile")?.dataset.index ?? -1);
    if (index < 0 || !rows.has(index)) return;
    wall.focus({ preventScroll: true });
    if (event.shiftKey) chooseBetween(anchor, index);
    else if (event.ctrlKey || event.metaKey) toggle(index);
    else choose(chosen.size === 1 && chosen.has(rows.get(index).key) ? [] : [rows.get(index).key]);
    if (!event.shiftKey) anchor = index;
    go(index);
  });
  inner.addEventListener("dblclick", (event) => {
    const row = rows.get(Number(event.target.closest(".dream-tile")?.dataset.index ?? -1));
    if (row) choose([row.key]), show([row.key]);
  });
  wall.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(wall.clientHeight / (height + GAP))) * columns;
    const to = {
      ArrowLeft: active - 1, ArrowRight: active + 1, ArrowUp: active - columns, ArrowDown: active + columns,
      Home: 0, End: count - 1, PageUp: active - page, PageDown: active + page,
    }[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (to !== undefined) {
      if (to >= 0 && to < count) go(to);
      else if (event.key.startsWith("Page")) go(to);
      if (event.shiftKey) chooseBetween(anchor, active);
      else anchor = active;
    } else if (command && event.key.toLowerCase() === "a") chooseBetween(0, count - 1);
    else if (command || event.altKey) return;
    else if (event.key === " ") toggle(active), (anchor = active);
    else if (event.key === "Enter") rows.has(active) && show(keys().length === 2 ? keys() : [rows.get(active).key]);
    else if (event.key === "Escape") choose([]);
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (/^[0-5]$/.test(event.key)) {
      if (!keys().length && rows.has(active)) act("mark", { keys: [rows.get(active).key], stars: Number(event.key) });
      else act("mark", { stars: Number(event.key) });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  wall.addEventListener("scroll", () => requestAnimationFrame(paint), { passive: true });
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => narrow("search", search.value.trim()), 200);
  });

  on("change:filters", () => (reflect(), (wall.scrollTop = 0), (active = anchor = 0), reload()));
  on("change:version", reload);
  on("change:facets", reflect);
  on("change:total", tally);
  on("change:chosen", () => ((chosen = new Set(keys())), tally(), paint()));
  const sized = new ResizeObserver(() => layout());
  sized.observe(root);

  reflect();
  const first = model.get("first");
  const isFirst = model.get("version") === 0 && JSON.stringify(first.filters) === JSON.stringify(filters());
  count = first.count ?? 0;
  if (isFirst) take(first);
  else reload();
  return () => {
    leaving.abort();
    sized.disconnect();
    shown?.leave(false);
    for (const coming of pictures.values()) coming.then(release, () => {});
  };
}
