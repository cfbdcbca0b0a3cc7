// Every widget has this script: it loads those that all widgets of one kind share, once for a page. For a page without
// models of them `TEXTS` stands before it: the digest and the text of each, by its name.
const KEY = Symbol.for("dream_nb.modules");
const loaded = (globalThis[KEY] ??= new Map());
const own = typeof TEXTS === "undefined" ? null : TEXTS;

async function partOf(model, id) {
  if (own) return { name: id, digest: own[id][0], text: own[id][1] };
  const part = await model.widget_manager.get_model(id);
  return { name: part.get("name"), digest: part.get("digest"), text: part.get("text") };
}

async function script(text, addresses) {
  // A `blob:` module cannot import by a relative address: each import by a file's name gets the address of the part.
  for (const [name, address] of addresses) text = text.replaceAll(`"./${name}"`, `"${address}"`);
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return { address, module: await import(address) };
}

async function load(model) {
  const addresses = new Map();
  const modules = new Map();
  const sheets = new Map();
  let key = "";
  for (const id of model.get("parts")) {
    const { name, digest, text } = await partOf(model, id);
    // Includes the parts before it: a script that imports another version of them is loaded anew.
    key += digest;
    if (name.endsWith(".css")) {
      sheets.set(key, text);
      continue;
    }
    if (!loaded.has(key)) loaded.set(key, script(text, addresses));
    const made = await loaded.get(key);
    addresses.set(name, made.address);
    modules.set(name, made.module);
  }
  return { modules, sheets };
}

// A kernel that blocks answers nothing until its cell ends, and by then the card of that cell would be of no use. So a
// model that came from a kernel counts as an answer: one that was revived from a saved page has no comm. Only where the
// page does not tell is the kernel asked.
async function isLive(model) {
  // Such a page has a widget only as long as its cell shows it.
  if (own) return true;
  const part = await model.widget_manager.get_model(model.get("parts")[0]);
  return part.comm_live;
}

function answered(model) {
  const number = `here-${Math.random().toString(36).slice(2)}`;
  return new Promise((resolve) => {
    const hear = ({ answer }) => answer === number && (model.off("msg:custom", hear), resolve());
    model.on("msg:custom", hear);
    model.send({ action: "here", ask: number });
  });
}

async function show(context) {
  const { modules, sheets } = await load(context.model);
  const unstyle = modules.get("styles.js").styleWherever(context.el, sheets);
  modules.get("nested.js").renderWith(render);
  context.el.dataset.dreamNb = "shown"; // the style in static.html no longer hides the widget's output
  const { replaceStandIn, sayInPassing } = modules.get("base.js");
  const restore = replaceStandIn(context.el);
  const leave = await [...modules.values()].at(-1).render(context);
  const hush = sayInPassing(context.model, context.el);
  return () => (restore(), hush(), unstyle(), leave?.());
}

async function render(context) {
  context.el.dataset.dreamNb = ""; // also a widget that shows nothing yet is recognised as one
  const live = await isLive(context.model);
  if (live) return show(context);
  // Nothing is shown, and the stand-in stays. The page gets its clean-up at once: an answer may never come.
  let shown = null;
  let isGone = false;
  if (live !== false) answered(context.model).then(() => isGone || (shown = show(context)));
  return async () => ((isGone = true), (await shown)?.());
}

export default { render };
