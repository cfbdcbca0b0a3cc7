// Widgets inside another one. In pages that know only widgets shown by cells, the outer widget carries their messages.
import { element } from "./base.js";

const PREFIX = "nested:";

/** The model of such a widget, with the methods that our scripts use. */
class NestedModel {
  #outer;
  #name;
  #state = {};
  #changed = new Set();
  #listeners = new Map();
  #came;
  /** Resolves when its state has arrived. */
  ready = new Promise((resolve) => (this.#came = resolve));

  constructor(outer, name) {
    this.#outer = outer;
    this.#name = name;
    this.#tell({ method: "request_state" });
  }

  get widget_manager() {
    return this.#outer.widget_manager;
  }

  get(trait) {
    return this.#state[trait];
  }

  set(trait, value) {
    this.#changed.add(trait);
    this.#take({ [trait]: value });
  }

  save_changes() {
    const state = Object.fromEntries([...this.#changed].map((trait) => [trait, this.#state[trait]]));
    this.#changed.clear();
    this.#tell({ method: "update", state });
  }

  send(content, _, buffers) {
    this.#tell({ method: "custom", content }, buffers);
  }

  on(event, handler) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(handler);
  }

  off(event, handler) {
    this.#listeners.get(event)?.delete(handler);
  }

  /** Handle a message from Python. */
  hear({ method, state, content, buffer_paths: paths = [] }, buffers) {
    if (method === "custom") return this.#emit("msg:custom", content, buffers);
    if (method !== "update") return;
    // A change that arrives before the whole state can be ignored, because the state includes it.
    if (!("parts" in state) && !("parts" in this.#state)) return;
    paths.forEach((path, number) => {
      const place = path.slice(0, -1).reduce((inside, key) => inside[key], state);
      place[path.at(-1)] = buffers[number];
    });
    this.#take(state);
    this.#came();
  }

  #take(state) {
    const changed = Object.keys(state).filter((trait) => this.#state[trait] !== state[trait]);
    // All traits are set before the first listener is called, because listeners read other traits too.
    this.#state = { ...this.#state, ...state };
    for (const trait of changed) this.#emit(`change:${trait}`, this, this.#state[trait]);
    if (changed.length) this.#emit("change", this);
  }

  #tell(data, buffers = []) {
    this.#outer.send({ nested: this.#name, data }, undefined, buffers);
  }

  #emit(event, ...values) {
    for (const handler of [...(this.#listeners.get(event) ?? [])]) handler(...values);
  }
}

const nested = new WeakMap();

/** The models of the widgets inside an outer widget, by their names. */
function modelsIn(outer) {
  if (!nested.has(outer)) {
    const models = new Map();
    nested.set(outer, models);
    outer.on("msg:custom", ({ nested: name, data }, buffers) => name && models.get(name)?.hear(data, buffers ?? []));
  }
  return nested.get(outer);
}

let render;

/** Set the function that renders a widget: it takes a model and an element, and promises a function that ends this. */
export function renderWith(shows) {
  render = shows;
}

/** Promises a view of a nested widget. */
async function nestedView(outer, id) {
  const [models, name] = [modelsIn(outer), id.slice(PREFIX.length)];
  if (!models.has(name)) models.set(name, new NestedModel(outer, name));
  const model = models.get(name);
  const el = element("div");
  await model.ready;
  const leave = await render({ model, el });
  return { el, remove: () => (models.delete(name), leave?.()) };
}

/** Promises a view of a widget inside another one, nested or not. */
async function viewOf(model, id) {
  try {
    if (id.startsWith(PREFIX)) return await nestedView(model, id);
    const child = await model.widget_manager.get_model(id);
    return await model.widget_manager.create_view(child);
  } catch (error) {
    return { el: element("div", "dream-error", error?.message ?? String(error), { role: "alert" }), remove() {} };
  }
}

/** Make these elements the only children of `place`, in order. Those already in position stay, and keep the focus. */
function arrange(place, elements) {
  for (const child of [...place.children]) if (!elements.includes(child)) child.remove();
  elements.forEach((el, at) => place.children[at] === el || place.insertBefore(el, place.children[at] ?? null));
}

/** Show the widgets whose ids are in a trait, now and whenever it changes. Returns a function that stops this. */
export function views(model, trait, place) {
  const [coming, there] = [new Map(), new Map()];
  const show = () => arrange(place, model.get(trait).flatMap((id) => there.get(id)?.el ?? []));
  const drop = (id) => {
    coming.get(id).then((view) => view.remove());
    coming.delete(id);
    there.delete(id);
  };
  const update = () => {
    const ids = model.get(trait);
    for (const id of [...coming.keys()]) if (!ids.includes(id)) drop(id);
    for (const id of ids) {
      if (coming.has(id)) continue;
      const view = viewOf(model, id);
      coming.set(id, view);
      // The widget may have been removed before its view was ready.
      view.then((one) => coming.get(id) === view && (there.set(id, one), show()));
    }
    show();
  };
  model.on(`change:${trait}`, update);
  update();
  return () => {
    model.off(`change:${trait}`, update);
    // The page's own manager removes the others.
    for (const id of [...coming.keys()]) if (id.startsWith(PREFIX)) drop(id);
  };
}
