// The panel: the form that makes dreams.
import { ask, button, copied, element, errorLine, views } from "./base.js";

const PAUSE = 250;
const LARGEST = 8 * 2 ** 20;
const ROLES = { image_ref: "follow", style_ref: "style", character_ref: "character", modify_ref: "change" };
let number = 0;
const fresh = (name) => `dream-${name}-${(number += 1)}`;

/** A field: what it is called, the control, and a line for what is wrong with it. */
function field(label, control, className = "") {
  const [name, wrong] = [fresh("label"), fresh("wrong")];
  const line = element("div", "dream-error", "", { id: wrong, role: "status" });
  control.setAttribute("aria-labelledby", name);
  const title = element("div", "dream-label", label, { id: name });
  const box = element("div", `dream-field ${className}`, "", {}, title, control, line);
  return { box, control, title, say(text) {
    line.textContent = text ?? "";
    const about = control.querySelector("input, textarea, select") ?? control;
    if (text) about.setAttribute("aria-describedby", wrong);
    else about.removeAttribute("aria-describedby");
    if (about.matches("input, textarea, select")) about.setAttribute("aria-invalid", Boolean(text));
  } };
}

/** One of several, as radio buttons: the arrow keys go from one to the next. */
function choice(options, chosen, className, draw = (value) => [value]) {
  const group = fresh("choice");
  const box = element("div", className, "", { role: "radiogroup" });
  const inputs = new Map();
  for (const [value, label] of options) {
    const input = element("input", "dream-hidden", "", { type: "radio", name: group, value, "aria-label": label });
    input.addEventListener("change", () => input.checked && chosen(value));
    inputs.set(value, input);
    box.append(element("label", "", "", { title: label }, input, element("span", "", "", { "aria-hidden": "true" }, ...draw(value, label))));
  }
  return { box, set: (value) => inputs.has(value) && (inputs.get(value).checked = true) };
}

function shape(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  const scale = Math.sqrt(420 / (width * height));
  const drawn = element("i");
  drawn.style.width = `${Math.round(width * scale)}px`;
  drawn.style.height = `${Math.round(height * scale)}px`;
  return [drawn];
}

/** A slot for a picture: dropped, pasted, chosen, or named. Its name is a file, a URL, a variable or an id. */
function slot(model, label, changed, tell) {
  const picture = element("img", "", "", { alt: "", hidden: true });
  const hint = element("span", "", "drop, paste or choose", { "aria-hidden": "true" });
  const file = element("input", "dream-hidden", "", { type: "file", accept: "image/*", tabindex: "-1", "aria-label": `${label}: a file` });
  const well = element("button", "dream-slot", "", { type: "button", "aria-label": `${label}: drop or paste a picture, or choose a file` }, picture, hint);
  const name = element("input", "dream-input", "", { placeholder: model.get("hint"), "aria-label": `${label}: a ${model.get("hint")}` });
  const clear = button("×", () => set("", true), "dream-button dream-clear", { "aria-label": `${label}: take it out` });
  const show = (bytes) => {
    if (picture.src) URL.revokeObjectURL(picture.src);
    picture.hidden = !bytes;
    hint.hidden = Boolean(bytes);
    well.classList.toggle("dream-full", Boolean(bytes));
    if (bytes) picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    else picture.removeAttribute("src");
  };
  let current = "";
  const set = (value, mine = false, bytes = null) => {
    clear.hidden = !value;
    if (value === current && !bytes) return;
    current = name.value = value;
    show(bytes);
    if (value && !bytes) ask(model, "look", { name: value }).then((answer) => value === current && show(answer.buffers[0])).catch(() => {});
    if (mine) changed(value);
  };
  const take = async (given) => {
    if (!given) return;
    if (given.size > LARGEST) return tell(`${given.name} is larger than 8 MB: make it smaller, or put it into the folder of the library and write its name`);
    try {
      const answer = await ask(model, "take_in", { name: given.name || "the picture" }, [await given.arrayBuffer()]);
      tell("");
      set(answer.name, true, answer.buffers[0]);
    } catch (error) { tell(error); }
  };
  well.addEventListener("click", () => file.click());
  file.addEventListener("change", () => (take(file.files[0]), (file.value = "")));
  name.addEventListener("change", () => set(name.value.trim(), true));
  const box = element("div", "dream-well", "", {}, well, clear, name, file);
  box.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    const text = event.clipboardData?.getData("text/plain").trim();
    if (pasted) take(pasted);
    else if (text && event.target !== name) set(text, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("dragover", (event) => (event.preventDefault(), event.stopPropagation()));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const data = event.dataTransfer;
    if (data.files.length) take(data.files[0]);
    else if (data.getData("text/plain")) set(data.getData("text/plain").trim(), true);
  });
  return { box, set };
}

export function render({ model, el }) {
  const cleaning = new AbortController();
  const { line, tell } = errorLine(model, cleaning);
  let timer;
  const change = (values) => {
    model.set("form", { ...model.get("form"), ...values });
    model.save_changes();
    show();
    clearTimeout(timer);
    timer = setTimeout(() => ask(model, "check").catch(tell), PAUSE);
  };

  const prompt = element("textarea", "dream-input dream-words", "", { rows: "2", placeholder: "a serene lake at {dawn|noon|dusk}" });
  prompt.addEventListener("input", () => change({ prompt: prompt.value }));
  const motions = element("select", "dream-input dream-motions", "", { "aria-label": "add a camera motion" });
  motions.addEventListener("change", () => {
    const motion = motions.value.toLowerCase();
    motions.selectedIndex = 0;
    if (!motion) return;
    const text = prompt.value.trim();
    prompt.value = text ? `${text}, ${motion.startsWith("camera") ? motion : `camera ${motion}`}` : `camera ${motion}`;
    change({ prompt: prompt.value });
    prompt.focus();
  });
  const words = field("Prompt", prompt, "dream-wide");
  const kind = choice([["video", "Video"], ["image", "Image"]], (value) => change({ kind: value, model: "" }), "dream-seg", (_, label) => [label]);
  const ratio = choice(model.get("ratios").map((one) => [one, one]), (value) => change({ aspect_ratio: value }), "dream-shapes", shape);
  const loop = choice([["off", "off"], ["on", "on"]], (value) => change({ loop: value === "on" }), "dream-seg");
  const chosen = element("select", "dream-input");
  chosen.addEventListener("change", () => change({ model: chosen.value }));
  const count = element("input", "dream-input dream-takes", "", { type: "number", min: "1", max: "100", "aria-label": "Takes" });
  count.addEventListener("input", () => change({ count: Number.isInteger(Number(count.value)) ? Number(count.value) : 0 }));
  const frames = ["frame0", "frame1"].map((name, at) => slot(model, at ? "Ends with" : "Begins with", (value) => change({ [name]: value }), tell));
  const list = element("div", "dream-references", "", { role: "group" });
  const fields = {
    prompt: words,
    kind: field("Make", kind.box),
    aspect_ratio: field("Aspect ratio", ratio.box),
    model: field("Model", chosen),
    frame0: field("Begins with", frames[0].box),
    frame1: field("Ends with", frames[1].box),
    references: field("Reference pictures", list),
    loop: field("Loop", loop.box),
    count: field("Takes", count),
  };

  let rows = [];
  const same = () => JSON.stringify(rows.map((row) => row.value)) === JSON.stringify(model.get("form").references);
  const told = () => change({ references: rows.map((row) => row.value) });
  const row = (value) => {
    const made = { value: { ...value } };
    const place = slot(model, "Reference", (name) => ((made.value = { ...made.value, name }), told()), tell);
    const role = element("select", "dream-input", "", { "aria-label": "what it is for" },
      ...Object.entries(ROLES).map(([key, text]) => element("option", "", text, { value: key })));
    role.value = value.role;
    const weight = element("input", "", "", { type: "range", min: "0", max: "1", step: "0.05", value: value.weight ?? 0.85, "aria-label": "how much" });
    const much = element("output", "dream-much", value.weight ?? "");
    const amount = element("div", "dream-weight", "", {}, weight, much);
    const weigh = () => (amount.hidden = role.value === "character_ref"); // the API has no weight for it
    weigh();
    role.addEventListener("change", () => (weigh(), (made.value = { ...made.value, role: role.value }), told()));
    weight.addEventListener("input", () => ((much.textContent = weight.value), (made.value = { ...made.value, weight: Number(weight.value) }), told()));
    const out = button("Remove", () => ((rows = rows.filter((one) => one !== made)), redraw(), told()));
    made.box = element("div", "dream-reference", "", {}, place.box, role, amount, out);
    place.set(value.name);
    return made;
  };
  const more = button("Add a picture", () => {
    rows = [...rows, row({ role: "image_ref", name: "", weight: null })];
    redraw();
    told();
  }, "dream-button dream-edged");
  const redraw = () => list.replaceChildren(...rows.map((one) => one.box), more);

  const go = button("Dream", async () => {
    go.disabled = true;
    const note = setTimeout(() => (cost.textContent = "asked for: a busy kernel answers when its cell is done"), 1500);
    try { await ask(model, "dream", {}, [], 0); tell(""); } catch (error) { tell(error); }
    clearTimeout(note);
    go.disabled = false;
    judge();
  }, "dream-go");
  const cost = element("span", "dream-cost", "", { role: "status" });
  const code = element("code", "dream-code");
  const spare = element("div", "dream-more");
  const copy = button("Copy", async () => {
    if (code.textContent && (await copied(code.textContent, spare))) copy.textContent = "Copied", setTimeout(() => (copy.textContent = "Copy"), 1500);
  }, "dream-button dream-edged");
  const foot = element("div", "dream-foot", "", {}, go, cost, code, copy);
  const cards = element("div", "dream-cards");
  const panel = element("form", "dream-nb dream-box dream-panel", "", { "aria-label": "make dreams" }, words.box,
    element("div", "dream-fields", "", {}, ...Object.entries(fields).filter(([name]) => name !== "prompt").map(([, one]) => one.box)),
    foot, line, spare);
  words.box.insertBefore(motions, words.box.lastChild);
  panel.addEventListener("submit", (event) => event.preventDefault());
  // The notebook has its own use for letters and arrows.
  panel.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !go.disabled) go.click();
    event.stopPropagation();
  });
  el.append(panel, cards);

  const judge = () => {
    const verdict = model.get("verdict");
    const problems = verdict.problems ?? {};
    for (const [name, one] of Object.entries(fields)) one.say(name === "prompt" && !model.get("form").prompt ? "" : problems[name]);
    const [many, what] = [verdict.count ?? 1, model.get("form").kind];
    go.textContent = many > 1 ? `Dream ${many} ${what}s` : `Dream ${what === "image" ? "an image" : "a video"}`;
    go.disabled = !verdict.code;
    const balance = model.get("balance");
    cost.textContent = verdict.cost ? `${verdict.cost}${balance ? ` of ${balance}` : ""}` : "";
    code.textContent = code.title = verdict.code ?? "";
    copy.hidden = !verdict.code;
  };
  let kindOfModels = "";
  const show = () => {
    const form = model.get("form");
    if (prompt.value !== form.prompt) prompt.value = form.prompt;
    kind.set(form.kind);
    ratio.set(form.aspect_ratio);
    fields.aspect_ratio.title.textContent = `Aspect ratio · ${form.aspect_ratio}`;
    loop.set(form.loop ? "on" : "off");
    if (document.activeElement !== count) count.value = form.count;
    const isVideo = form.kind !== "image";
    for (const name of ["frame0", "frame1", "loop"]) fields[name].box.hidden = !isVideo;
    fields.references.box.hidden = isVideo;
    if (kindOfModels !== form.kind) {
      kindOfModels = form.kind;
      chosen.replaceChildren(element("option", "", "the usual", { value: "" }), ...model.get("models")[form.kind].map((one) => element("option", "", one, { value: one })));
    }
    chosen.value = form.model;
    frames[0].set(form.frame0);
    frames[1].set(form.frame1);
    if (!same()) {
      rows = form.references.map(row);
      redraw();
    }
  };
  const move = () => {
    const known = model.get("motions");
    motions.hidden = !known.length;
    motions.replaceChildren(element("option", "", "Camera motion …", { value: "" }), ...known.map((one) => element("option", "", one, { value: one })));
  };
  redraw();
  show();
  move();
  judge();
  const recheck = () => (show(), clearTimeout(timer), (timer = setTimeout(() => ask(model, "check").catch(tell), PAUSE)));
  model.on("change:form", recheck);
  model.on("change:verdict", judge);
  model.on("change:balance", judge);
  model.on("change:motions", move);
  ask(model, "check").catch(tell);
  ask(model, "begin").catch(() => {});
  const unview = views(model, "cards", cards);
  return () => {
    cleaning.abort();
    clearTimeout(timer);
    unview();
    for (const [name, heard] of [["form", recheck], ["verdict", judge], ["balance", judge], ["motions", move]]) model.off(`change:${name}`, heard);
  };
}
