// What the widgets share: elements, questions to Python, and media.
const PATIENCE = 30_000;
const CHUNK = 1 << 20;
const NO_KERNEL = "There is no answer from the kernel: it is busy, or not running. Run the cell again";

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

/** A text in a box that shows its first three lines, with a button for the rest where there is more. */
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

// What people read of the states of a request: `dream_nb.jobs.progress.Progress`.
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

/** Call a handler at an event of a model until `signal` is aborted. */
export function listen(model, signal, event, handler) {
  model.on(event, handler);
  signal.addEventListener("abort", () => model.off(event, handler));
}

/** Give a trait another value, and send it to Python. */
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

/** A line that shows Python's last error; `tell` shows another one in it. */
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
    // Tried again next time: perhaps only this file was missing.
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
 * Promises an address under which the page can show a file of the library: the file's own if the page can load it,
 * else a `blob:` of the bytes that Python sends in pieces, which `release` frees. `file` is the name that Python's
 * `Widget.file` takes, `url` the file's address seen from the notebook. Rejects if it is missing or too large to send.
 */
export async function media(model, { file, url }) {
  if (url && /^[^:]*$/.test(url)) {
    const address = (await model.widget_manager?.resolveUrl?.(url)) ?? url;
    for (const one of new Set([address, `/voila/files/${url}`])) if (await reach(one)) return one;
  }
  return fetched(model, file);
}

export function release(address) {
  if (address?.startsWith("blob:")) URL.revokeObjectURL(address);
}

/** Show in an element the widgets whose model ids are in a trait, now and whenever the trait changes. */
export function views(model, trait, place) {
  const made = new Map();
  const update = async () => {
    const ids = model.get(trait);
    for (const [id, view] of made) if (!ids.includes(id)) made.delete(id), (await view)?.remove();
    for (const id of ids) {
      if (!made.has(id)) made.set(id, model.widget_manager.get_model(id).then((child) => model.widget_manager.create_view(child)));
    }
    const elements = await Promise.all(ids.map(async (id) => (await made.get(id))?.el));
    place.replaceChildren(...elements.filter(Boolean));
  };
  model.on(`change:${trait}`, update);
  update();
  return () => model.off(`change:${trait}`, update);
}

/** Copy a text to the clipboard; where the page may not, show the text so that the user can copy it. */
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
