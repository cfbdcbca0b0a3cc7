// The card: one generation, while it is made and when it is done.
import { ask, button, clock, copied, element, errorLine, media, release, views } from "./base.js";

const STATES = {
  waiting: "waiting",
  sending: "sending",
  looking: "looking for it",
  queued: "waiting for its turn",
  dreaming: "dreaming",
  downloading: "fetching the file",
  completed: "done",
  failed: "not made",
};
const ENDED = new Set(["completed", "failed"]);
const REST = 500;
const SOON = 700;
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** What is left to wait, in seconds, or null. */
function rest(seconds, fraction, expected) {
  if (fraction > 0.15 && (!expected || seconds > expected)) return (seconds * (1 - fraction)) / fraction;
  return expected && seconds < expected ? expected - seconds : null;
}

function progress(model) {
  const time = element("b", "dream-time", "", { role: "timer" });
  const state = element("span", "dream-state", "", { role: "status" });
  const left = element("span", "dream-left");
  const picture = element("div", "dream-picture dream-haze", "", {}, time, element("span", "", "", {}, state, left));
  const done = element("i");
  const bar = element("div", "dream-bar", "", { role: "progressbar", "aria-label": "how much is done" }, done);
  let seen = performance.now();
  const tick = () => {
    const ended = ENDED.has(model.get("state"));
    const seconds = model.get("seconds") + (ended ? 0 : (performance.now() - seen) / 1000);
    const expected = model.get("expected");
    const left_ = ended ? null : rest(seconds, model.get("fraction"), expected);
    let fraction = model.get("fraction");
    if (fraction === null && expected && model.get("state") === "dreaming") fraction = Math.min(0.97, seconds / expected);
    time.textContent = clock(seconds);
    left.textContent = left_ === null ? "" : ` · about ${clock(Math.ceil(left_))} to go`;
    bar.classList.toggle("dream-unknown", fraction === null && !ended);
    if (fraction === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    done.style.width = fraction === null ? "" : `${100 * fraction}%`;
  };
  const update = () => {
    seen = performance.now();
    picture.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
    state.textContent = STATES[model.get("state")] ?? model.get("state");
    tick();
  };
  return { parts: [picture, bar], update, tick };
}

function poster(model) {
  const bytes = model.get("poster");
  return bytes?.byteLength ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : "";
}

/** A video that plays on hover or focus, follows the pointer, and goes frame by frame with the arrow keys. */
function player(model, tell, source) {
  const film = model.get("film");
  const still = poster(model);
  if (film.kind === "image") {
    const image = element("img", "dream-film", "", { src: still, alt: model.get("prompt"), tabindex: "0" });
    image.addEventListener("keydown", (event) => event.key === "f" && image.requestFullscreen?.());
    source().then((address) => (image.src = address)).catch(() => {});
    return [element("div", "dream-picture", "", {}, image)];
  }
  const video = element("video", "dream-film", "", {
    poster: still, loop: true, playsinline: true, preload: "none", tabindex: "0",
    "aria-label": `${model.get("prompt")}. Space plays, arrow keys step frame by frame, F fills the screen`,
  });
  video.muted = true;
  const time = element("span", "dream-badge", `${film.seconds.toFixed(1)} s`);
  const place = element("i");
  const scrub = element("div", "dream-scrub", "", { "aria-hidden": "true" }, place);
  const picture = element("div", "dream-picture", "", {}, video, time, scrub);
  if (film.studio) picture.append(element("span", "dream-badge dream-right", "studio · procedural"));

  let ready = null;
  const load = () => (ready ??= source().then((address) => {
    video.src = address;
    video.load();
    return new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
  }).catch((error) => (tell(error), Promise.reject(error))));
  const play = () => load().then(() => video.play()).catch(() => {});
  const step = (frames) => load().then(() => {
    video.pause();
    // The middle of a frame: its edge may show the one before.
    const frame = Math.round(video.currentTime * film.fps - 0.5) + frames;
    const last = Math.round(film.seconds * film.fps) - 1;
    video.currentTime = (Math.min(last, Math.max(0, frame)) + 0.5) / film.fps;
  }).catch(() => {});
  let resting, at;
  picture.addEventListener("pointerenter", () => isStill() || play());
  picture.addEventListener("pointermove", (event) => {
    if (at !== undefined && Math.abs(event.clientX - at) < 3) return;
    const first = at === undefined;
    at = event.clientX;
    clearTimeout(resting);
    if (first) return;
    const box = picture.getBoundingClientRect();
    load().then(() => {
      video.pause();
      video.currentTime = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width)) * film.seconds;
    }).catch(() => {});
    if (!isStill()) resting = setTimeout(play, REST);
  });
  picture.addEventListener("pointerleave", () => (clearTimeout(resting), (at = undefined), video.pause()));
  video.addEventListener("focus", () => isStill() || video.matches(":focus-visible") && play());
  video.addEventListener("blur", () => video.pause());
  video.addEventListener("keydown", (event) => {
    const act = {
      ArrowRight: () => step(1), ArrowLeft: () => step(-1),
      Home: () => step(-1e9), End: () => step(1e9),
      " ": () => (video.paused ? play() : video.pause()), Enter: () => (video.paused ? play() : video.pause()),
      f: () => picture.requestFullscreen?.(), F: () => picture.requestFullscreen?.(),
    }[event.key];
    if (!act) return;
    // The notebook has its own use for these keys.
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  video.addEventListener("timeupdate", () => {
    time.textContent = `${video.currentTime.toFixed(1)} s`;
    place.style.width = `${(100 * video.currentTime) / film.seconds}%`;
  });
  return [picture];
}

function tree(model) {
  const list = element("ol", "dream-tree", "", { "aria-label": "where it comes from" });
  for (const one of model.get("lineage")) {
    const item = element("li", one.is === "this" ? "dream-this" : "", one.prompt + (one.take > 1 ? ` (take ${one.take})` : ""));
    if (one.is === "this") item.setAttribute("aria-current", "true");
    item.style.setProperty("--depth", Math.min(one.depth, 6));
    list.append(item);
  }
  return element("details", "dream-lineage", "", {}, element("summary", "", "Where it comes from, and what came of it"), list);
}

export function render({ model, el }) {
  const cleaning = new AbortController();
  const card = element("div", "dream-nb dream-box dream-card", "", { role: "group", "aria-label": model.get("prompt") });
  const top = element("div", "dream-top");
  const note = element("div", "dream-note", "", { role: "status" });
  const facts = element("div", "dream-facts");
  const acts = element("div", "dream-acts");
  const more = element("div", "dream-more");
  const { line, tell } = errorLine(model, cleaning);
  const text = element("div", "dream-text", "", {}, element("div", "dream-prompt", model.get("prompt")), facts, note, acts, more, line);
  card.append(top, text);
  const below = element("div", "dream-below");
  el.append(card, below);

  const live = progress(model);
  let address = null;
  const source = () => (address ??= media(model, { file: "film", url: model.get("film").url }));
  const does = (action, content = {}) => ask(model, action, content).catch(tell);

  const asks = (label, action) => () => {
    const field = element("input", "dream-input", "", { "aria-label": `${label}: what happens`, value: model.get("prompt") });
    const form = element("form", "dream-ask", "", {}, field, element("button", "dream-button", label, { type: "submit" }));
    form.addEventListener("submit", (event) => (event.preventDefault(), more.replaceChildren(), does(action, { prompt: field.value })));
    form.addEventListener("keydown", (event) => (event.stopPropagation(), event.key === "Escape" && more.replaceChildren()));
    more.replaceChildren(form);
    field.focus();
    field.select();
  };
  const copy = async () => {
    const answer = await does("copy_line");
    if (answer?.line && (await copied(answer.line, more))) note.textContent = "copied";
  };
  const save = async () => {
    try {
      const link = element("a", "", "", { href: await source(), download: model.get("film").name });
      link.click();
    } catch (error) { tell(error); }
  };
  const stop = async () => {
    does("stop");
    // A kernel that is busy hears of it when the cell is over: so the cell is interrupted, if it still waits.
    await new Promise((resolve) => setTimeout(resolve, SOON));
    if (model.get("waits")) model.widget_manager.kernel?.interrupt?.();
  };

  let shown = "";
  const update = () => {
    const state = model.get("state");
    card.dataset.state = state;
    note.textContent = model.get("note");
    facts.textContent = model.get("facts").join(" · ");
    const problem = model.get("problem");
    const kind = problem.title ? "problem" : model.get("film").kind ? "film" : "live";
    const offers = `${kind} ${kind === "live" ? `${model.get("waits")} ${model.get("cancels")}` : ""}`;
    if (kind === "live") live.update();
    if (offers === shown) return;
    const before = shown.split(" ")[0];
    shown = offers;
    if (kind === "problem") {
      top.replaceChildren(element("div", "dream-failed", "", { role: "alert" }, element("b", "", problem.title), element("p", "", problem.text)));
      facts.textContent = [...model.get("facts"), problem.facts].filter(Boolean).join(" · ");
      acts.replaceChildren(button("Change and try again", () => does("change")), button("Try again", () => does("again")));
    } else if (kind === "film") {
      if (before !== "film") top.replaceChildren(...player(model, tell, source));
      const film = model.get("film");
      acts.replaceChildren(
        button("Extend", asks("Extend", "extend"), "dream-button dream-first"),
        button("Reverse", asks("Reverse", "reverse")),
        button("Again", () => does("again")),
        button("As keyframe", () => does("keyframe")),
        button("Copy as %dream", copy),
        button("Save", save),
        button("Full screen", () => top.querySelector(".dream-picture").requestFullscreen?.()),
      );
      if (film.kind === "image") acts.children[1].remove();
      if (model.get("lineage").length) text.insertBefore(tree(model), more);
    } else {
      top.replaceChildren(...live.parts);
      acts.replaceChildren(
        ...(model.get("waits") ? [button("Stop waiting", stop)] : []),
        ...(model.get("cancels") ? [button("Cancel", () => does("cancel"))] : []),
      );
    }
  };
  model.on("change", update);
  update();
  const timer = setInterval(() => shown.startsWith("live") && live.tick(), 250);
  const unview = views(model, "below", below);
  return () => {
    clearInterval(timer);
    cleaning.abort();
    unview();
    model.off("change", update);
    address?.then(release).catch(() => {});
  };
}
