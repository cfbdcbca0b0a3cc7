// Every widget has this script: it loads those that all widgets of one kind share, once for a page.
const KEY = Symbol.for("dream_nb.modules");
const loaded = (globalThis[KEY] ??= new Map());

function style(part) {
  const sheet = document.createElement("style");
  sheet.textContent = part.get("text");
  document.head.append(sheet);
}

async function script(part, addresses) {
  // A `blob:` module cannot import by a relative address: each import by a file's name gets the address of the part.
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
    // Includes the parts before it: a script that imports another version of them is loaded anew.
    key += part.get("digest");
    if (!loaded.has(key)) loaded.set(key, name.endsWith(".css") ? style(part) : script(part, addresses));
    const made = await loaded.get(key);
    if (made) addresses.set(name, made.address), (last = made.module);
  }
  return last;
}

async function render(context) {
  const module = await load(context.model);
  context.el.dataset.dreamNb = ""; // the style in static.html now hides the picture that stands in for the widget
  return module.render(context);
}

export default { render };
