// Shared by all widgets: elements, calls of Python, and media.
const PATIENCE = 30_000;
const CHUNK = 1 << 20;
const NO_KERNEL = "The kernel does not answer: it is busy, or not running. Run the cell again";

/** An element with a class, a text (never read as HTML), attributes, and children. */
export function element(name, className = "", text = "", attributes = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A button with a text that calls `action` when it is clicked. */
export function button(text, action, className = "dream-button", attributes = {}) {
  const made = element("button", className, text, { type: "button", ...attributes });
  made.addEventListener("click", action);
  return made;
}

/** A text in a box that shows its first three lines, with a button that shows the rest if there is more. */
export function folded(text) {
  const unfold = button("Show all", () => {
    const isFolded = text.classList.toggle("dream-folded");
    unfold.textContent = isFolded ? "Show all" : "Show less";
    unfold.setAttribute("aria-expanded", !isFolded);
  }, "dream-button dream-unfold", { "aria-expanded": "false", hidden: true });
  text.classList.add("dream-folded");
  new ResizeObserver(() => {
    if (text.classList.contains("dream-folded")) unfold.hidden = text.scrollHeight <= text.clientHeight + 1;
  }).observe(text);
  return element("div", "", "", {}, text, unfold);
}

// The labels for the states of a request, which `dream_nb.jobs.progress.Progress` defines.
const STATE_LABELS = {
  waiting: "waiting",
  sending: "sending",
  looking: "looking for it",
  queued: "waiting for its turn",
  dreaming: "dreaming",
  downloading: "fetching the file",
  completed: "done",
  failed: "not made",
};

/** A state in words; a state without a label is shown as it is. */
export function stateLabel(state) {
  return STATE_LABELS[state] ?? state;
}

/** Call a handler on an event of a model until `signal` is aborted. */
export function listen(model, signal, event, handler) {
  model.on(event, handler);
  signal.addEventListener("abort", () => model.off(event, handler));
}

/** Set a trait, and send its value to Python. */
export function change(model, trait, value) {
  model.set(trait, value);
  model.save_changes();
}

/** Seconds as minutes and seconds: 1:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const waiting = new WeakMap();
let asked = 0;

function answers(model) {
  if (!waiting.has(model)) {
    const open = new Map();
    waiting.set(model, open);
    model.on("msg:custom", (content, buffers) => {
      const settle = open.get(content.answer);
      open.delete(content.answer);
      settle?.(content, buffers ?? []);
    });
  }
  return waiting.get(model);
}

/** Call an action in Python. Promises its answer, an object with `buffers`; rejects with the action's error. */
export function ask(model, action, content = {}, buffers = [], patience = PATIENCE) {
  const open = answers(model);
  const number = `${Math.random().toString(36).slice(2)}-${(asked += 1)}`;
  return new Promise((resolve, reject) => {
    const timer = patience && setTimeout(() => (open.delete(number), reject(new Error(NO_KERNEL))), patience);
    open.set(number, (answer, received) => {
      clearTimeout(timer);
      if (answer.error) reject(new Error(answer.error));
      else resolve({ ...answer, buffers: received });
    });
    model.send({ action, ask: number, ...content }, undefined, buffers);
  });
}

// Milliseconds in which an idle kernel would have handled an action.
const SOON = 700;
const IS_BUSY = "The kernel is busy with a cell: this happens when the cell has finished";

/** Call an action. If the kernel is busy with a cell, `say` that it is late, and "" when that is over. */
export function askSoon(model, action, { content = {}, patience = undefined, say }) {
  const late = setTimeout(() => say(IS_BUSY), SOON);
  return ask(model, action, content, [], patience).finally(() => (clearTimeout(late), say("")));
}

/**
 * Call an action that cannot wait for the end of the cell that waits for this widget: if the kernel is busy with that
 * cell, it is interrupted.
 */
export async function askNow(model, action, { patience = undefined, say, tell }) {
  let isDone = false;
  askSoon(model, action, { patience, say }).catch(tell).finally(() => (isDone = true));
  await new Promise((resolve) => setTimeout(resolve, SOON));
  if (!isDone && model.get("waits")) model.widget_manager.kernel?.interrupt?.();
}

/** A line that shows Python's last error. `tell` shows another error in it. */
export function errorLine(model, { signal } = {}) {
  const line = element("div", "dream-error", "", { role: "alert" });
  const tell = (error) => (line.textContent = error?.message ?? error ?? "");
  const show = () => tell(model.get("error"));
  if (signal) listen(model, signal, "change:error", show);
  else model.on("change:error", show);
  show();
  return { line, tell };
}

// Whether the page can load a library's files of one type: tried once for each folder and type.
const reached = new Map();

function reach(address) {
  const url = new URL(address, document.baseURI);
  const place = url.origin + url.pathname.replace(/[^/]*?(\.\w+)?$/, "$1");
  if (!reached.has(place)) {
    const look = fetch(url, { headers: { Range: "bytes=0-0" } })
      .then((answer) => (answer.body?.cancel(), answer.ok && /^(image|video)\//.test(answer.headers.get("content-type") ?? "")))
      .catch(() => false);
    reached.set(place, look);
    // Tried again next time, because only this file may have been missing.
    look.then((is) => is || reached.delete(place));
  }
  return reached.get(place);
}

async function fetched(model, file) {
  const pieces = [];
  let [size, type] = [Infinity, ""];
  for (let at = 0; at < size; at += CHUNK) {
    const answer = await ask(model, "read", { file, at, length: CHUNK });
    ({ size, type } = answer);
    pieces.push(answer.buffers[0]);
  }
  return URL.createObjectURL(new Blob(pieces, { type }));
}

/**
 * Promises an address at which the page can show a file of the library: the file's own if the page can load it,
 * otherwise a `blob:` of the bytes that Python sends in pieces, which `release` frees. `file` is the name for Python's
 * `Widget.file`, `url` the file's address relative to the notebook. Rejects if it is missing or too large to send.
 */
export async function media(model, { file, url }) {
  if (model.get("reaches_files") && url && /^[^:]*$/.test(url)) {
    const address = (await model.widget_manager?.resolveUrl?.(url)) ?? url;
    for (const one of new Set([address, `/voila/files/${url}`])) if (await reach(one)) return one;
  }
  return fetched(model, file);
}

export function release(address) {
  if (address?.startsWith("blob:")) URL.revokeObjectURL(address);
}

/** Show the text of a widget's trait `passing` below it, unless it is empty. Returns a function that stops this. */
export function sayInPassing(model, el) {
  const line = element("div", "dream-nb dream-passing", "", { role: "status" });
  const reflect = () => {
    line.textContent = model.get("passing");
    if (line.textContent) el.append(line);
    else line.remove();
  };
  model.on("change:passing", reflect);
  reflect();
  return () => model.off("change:passing", reflect);
}

/** The galleries that the page shows: each element with its model. Shared by scripts of different versions. */
export const galleries = (globalThis[Symbol.for("dream_nb.galleries")] ??= new Map());

// An output with one of these elements is not empty, even without text.
const SHOWN = "img, video, audio, canvas, iframe, input, textarea, select, button, script[type$='+json'], [data-dream-nb]";

function isEmpty(node) {
  return node.matches("style, script:not([type$='+json'])") || (!node.textContent.trim() && !node.matches(SHOWN) && !node.querySelector(SHOWN));
}

function isStandIn(node, name) {
  const still = node.matches(name) ? node : node.querySelector(name);
  if (!still || node.textContent.trim() !== still.textContent.trim()) return false;
  return node.querySelectorAll(SHOWN).length === still.querySelectorAll(SHOWN).length;
}

/** The element around a widget whose previous sibling is an output that is not empty, or null. */
function outputOf(el) {
  for (let own = el; own; own = own.parentElement) {
    if (own.previousElementSibling && !isEmpty(own.previousElementSibling)) return own;
  }
  return null;
}

/** The output before a widget in its cell, or null. */
export function precedingOutput(el) {
  return outputOf(el)?.previousElementSibling ?? null;
}

/** The element around a widget whose previous sibling is the widget's stand-in, or null. */
function replacing(el, name) {
  const own = outputOf(el);
  return own && isStandIn(own.previousElementSibling, name) ? own : null;
}

/**
 * Hide the stand-in of a widget while the widget is shown in `el`: the style in base.css hides the output before the
 * one that is marked here. Returns a function that stops this.
 *
 * The stand-in is found by its place: the two are successive outputs of one cell. Each front end nests outputs in its
 * own elements, so no class name finds it in all of them. An id would not work either: a random one would differ at
 * each run, and one derived from the content would be the same for every widget with that content. Only an output that
 * shows nothing but the stand-in is hidden, never a cell or another output.
 */
export function replaceStandIn(el, name = ".dream_nb-static") {
  let marked = null;
  const mark = (own) => {
    if (own === marked) return;
    marked?.removeAttribute("data-dream-nb-output");
    own?.setAttribute("data-dream-nb-output", "");
    marked = own;
  };
  // Pages render widgets before they insert them into the document, and may move them later. Both change their size.
  const observer = new ResizeObserver(() => el.isConnected && mark(replacing(el, name)));
  observer.observe(el);
  return () => (observer.disconnect(), mark(null));
}

/** Copy a text to the clipboard. If the page is not allowed to, show the text so that the user can copy it. */
export async function copied(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", "dream-input dream-copy", "", { readonly: true, "aria-label": "copy this text" });
    field.value = text;
    place.replaceChildren(field);
    field.focus();
    field.select();
    return false;
  }
}
