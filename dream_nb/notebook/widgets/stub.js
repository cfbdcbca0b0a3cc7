// Every widget has this script. It loads the scripts that all widgets of one kind share, once for each page. For pages
// that have no models of them, `TEXTS` is put before it: the digest and the text of each script, by its name.
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
    // Includes the parts before it, because a script that imports other versions of them must be loaded again.
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

// A busy kernel does not answer until its cell ends, and by then the card of that cell would be useless. So a model
// with a live comm counts as an answer: one that was restored from a saved page has none. The kernel is asked only if
// the page does not say whether the comm is live.
async function isLive(model) {
  // Such a page has a widget only while its cell shows it.
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
  // Nothing is shown, and the stand-in stays. The clean-up is returned at once, because an answer may never come.
  let shown = null;
  let isGone = false;
  if (live !== false) answered(context.model).then(() => isGone || (shown = show(context)));
  return async () => ((isGone = true), (await shown)?.());
}

export default { render };
