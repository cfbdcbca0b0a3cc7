// Every widget has this script: it loads those that all widgets of one kind share, once for a page.
const KEY = Symbol.for("dream_nb.modules");
const loaded = (globalThis[KEY] ??= new Map());

function style(part) {
  const sheet = document.createElement("style");
  sheet.textContent = part.get("text");
  document.head.append(sheet);
}

async function script(part, addresses) {
  // Modules without a server have no relative addresses: an import by a file's name gets that of the part.
  let text = part.get("text");
  for (const [name, address] of addresses) text = text.replaceAll(`"./${name}"`, `"${address}"`);
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return { address, module: await import(address) };
}

async function load(model) {
  const addresses = new Map();
  let last;
  let key = "";
  for (const id of model.get("parts")) {
    const part = await model.widget_manager.get_model(id);
    const name = part.get("name");
    // With those before it: a script that imports another version is another script.
    key += part.get("digest");
    if (!loaded.has(key)) loaded.set(key, name.endsWith(".css") ? style(part) : script(part, addresses));
    const made = await loaded.get(key);
    if (made) addresses.set(name, made.address), (last = made.module);
  }
  return last;
}

async function render(context) {
  const module = await load(context.model);
  context.el.dataset.dreamNb = ""; // from now on what stood in its place is hidden: static.html
  return module.render(context);
}

export default { render };
