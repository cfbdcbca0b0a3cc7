// The enlarged view of one dream, or of two compared with a divider; and a shared play button and timeline for videos.
import { button, clock, element, folded } from "./base.js";

// Videos drift apart while they play: those that are off by more than this are set to the common time.
const DRIFT_SECONDS = 0.15;
// Longer prompts are compared only up to this number of words.
const MOST_WORDS = 400;

/** The words of two texts in order: `[{ text, of }]`, where `of` is "both", "a" or "b". */
export function differing(a, b) {
  const [left, right] = [a, b].map((text) => text.split(/\s+/).filter(Boolean).slice(0, MOST_WORDS));
  const common = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      common[i][j] = left[i] === right[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const parts = [];
  const add = (text, of) => {
    if (parts.at(-1)?.of === of) parts.at(-1).text += ` ${text}`;
    else parts.push({ text, of });
  };
  for (let [i, j] = [0, 0]; i < left.length || j < right.length; ) {
    if (i < left.length && j < right.length && left[i] === right[j]) add(left[i], "both"), (i += 1), (j += 1);
    else if (j === right.length || (i < left.length && common[i + 1][j] >= common[i][j + 1])) add(left[i], "a"), (i += 1);
    else add(right[j], "b"), (j += 1);
  }
  return parts;
}

/**
 * Return `node`, the element that shows a dream; `load()`, which promises the video when it can play, or null for an
 * image; and `free()`, which removes it from the page: a promise that is still pending then resolves to null.
 * `item` has `prompt`, `kind`, `poster` (an address, or a promise of one) and `address()`, which promises the file's.
 */
export function picture(item, className = "dream-layer") {
  const isVideo = item.kind === "video";
  const node = element(isVideo ? "video" : "img", className, "", isVideo
    ? { muted: true, playsinline: true, preload: "none", tabindex: "-1", "aria-label": item.prompt, disablepictureinpicture: true }
    : { alt: item.prompt });
  if (isVideo) node.muted = true;
  Promise.resolve(item.poster).then((poster) => poster && (isVideo ? (node.poster = poster) : (node.src ||= poster))).catch(() => {});
  let [loading, isFreed, settle] = [undefined, false, () => {}];
  const load = () => (loading ??= item.address().then((address) => isFreed ? null : new Promise((resolve, reject) => {
    settle = resolve;
    node.addEventListener(isVideo ? "canplay" : "load", () => {
      node.removeAttribute("poster"); // else it covers the sharp first frame until the video moves
      resolve(isVideo ? node : null);
    }, { once: true });
    node.addEventListener("error", () => reject(new Error(`${item.prompt}: this page cannot play it`)), { once: true });
    if (isVideo) node.preload = "auto";
    node.src = address;
    if (isVideo) node.load();
  })).catch((error) => { loading = undefined; throw error; }));
  // An element without an address sends no more events, so the pending promise must be settled here.
  const free = () => {
    isFreed = true;
    node.pause?.();
    node.removeAttribute("src");
    node.load?.();
    node.remove();
    settle(null);
  };
  return { node, load, free };
}

const now = () => performance.now() / 1000;
const end = (video) => Math.max(0, (video.duration || 0) - 0.04);

/**
 * One play button and one timeline for several videos.
 * `ready()` promises the videos; it may promise null for some. `tell(error)` shows an error.
 */
export class Transport {
  #ready;
  #tell;
  #videos = [];
  #isPlaying = false;
  #isLoading = false;
  #hasChanged = false;
  // Counts the stops, so that videos do not play if the user stopped them while they were loading.
  #stops = 0;
  #at = 0;
  #began = 0;
  #length = 0;
  #frame = 0;
  #play = button("Play", () => this.toggle(), "dream-button dream-play", { "aria-label": "play all" });
  #line = element("input", "dream-line", "", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "time of all" });
  #time = element("span", "dream-clock", "0:00");

  constructor(ready, tell) {
    this.#ready = ready;
    this.#tell = tell;
    this.#line.addEventListener("input", () => this.#seek());
    this.root = element("div", "dream-transport", "", { role: "group", "aria-label": "playing" }, this.#play, this.#line, this.#time);
  }

  /** Load the videos again, and set them all to the time of the timeline. */
  async refresh() {
    await this.#load();
    this.#place(0);
    this.#show();
  }

  /** Begin to play, without moving the focus. */
  async start() {
    if (!this.#isPlaying) await this.#alone(() => this.#begin());
  }

  /** While it plays, load the videos again, play the new ones among them, and stop those that are gone. */
  async update() {
    // Otherwise changes during the loading would be missed: the videos are loaded once more.
    if (this.#isLoading) this.#hasChanged = true;
    else if (this.#isPlaying) await this.#alone(() => this.#renew());
  }

  async #renew() {
    const before = this.#videos;
    await this.#load();
    before.filter((video) => !this.#videos.includes(video)).forEach((video) => video.pause());
    if (!this.#isPlaying) return;
    this.#place(DRIFT_SECONDS);
    this.#videos.forEach((video) => video.play().catch(() => {}));
  }

  async #alone(work) {
    this.#isLoading = true;
    await work().finally(() => (this.#isLoading = false));
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    await this.update();
  }

  /** Whether it plays a video. */
  plays(video) {
    return this.#isPlaying && this.#videos.includes(video);
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  stop() {
    this.#stops += 1;
    cancelAnimationFrame(this.#frame);
    this.#videos.forEach((video) => video.pause());
    this.#reflect(false);
  }

  async toggle() {
    if (this.#isPlaying) {
      this.stop();
      return this.#place(0.02);
    }
    const had = this.#play.matches(":focus");
    this.#play.disabled = true;
    await this.#alone(() => this.#begin());
    this.#play.disabled = false;
    if (had) this.#play.focus({ preventScroll: true });
  }

  async #begin() {
    const stops = this.#stops;
    try {
      await this.#load();
      if (stops !== this.#stops) return;
      this.#place(0.02);
      await Promise.all(this.#videos.map((video) => video.play().catch(() => {})));
      this.#began = now() - this.#at;
      this.#reflect(true);
      this.#step();
    } catch (error) {
      this.#tell(error);
    }
  }

  #reflect(isPlaying) {
    this.#isPlaying = isPlaying;
    [this.#play.textContent, this.#play.ariaLabel] = isPlaying ? ["Pause", "pause all"] : ["Play", "play all"];
    this.root.dataset.playing = String(isPlaying);
  }

  async #load() {
    this.#videos = (await this.#ready()).filter(Boolean);
    this.#length = Math.max(0.01, ...this.#videos.map((video) => video.duration || 0));
  }

  #place(slack) {
    for (const video of this.#videos) {
      const wanted = Math.min(this.#at, end(video));
      if (!video.seeking && Math.abs(video.currentTime - wanted) > slack) video.currentTime = wanted;
    }
  }

  #show() {
    this.#line.value = Math.round((1000 * this.#at) / this.#length);
    this.#line.setAttribute("aria-valuetext", `${this.#at.toFixed(1)} of ${this.#length.toFixed(1)} seconds`);
    this.#time.textContent = `${clock(this.#at)} / ${clock(this.#length)}`;
  }

  #step() {
    this.#at = now() - this.#began;
    if (this.#at >= this.#length) {
      [this.#at, this.#began] = [0, now()];
      this.#place(0);
      this.#videos.forEach((video) => video.play().catch(() => {}));
    }
    this.#place(DRIFT_SECONDS);
    this.#show();
    this.#frame = requestAnimationFrame(() => this.#step());
  }

  async #seek() {
    if (this.#isPlaying) this.stop();
    const part = this.#line.value / 1000; // read first: other callers that wait for the videos set the line back
    try {
      await this.#load();
      this.#at = this.#length * part;
      this.#place(0);
      this.#show();
    } catch (error) {
      this.#tell(error);
    }
  }
}

/** Add the divider between A and B to their box: the arrow keys move it, and the pointer drags it. */
function addDivider(box) {
  const divider = element("div", "dream-divider", "", {
    role: "slider", tabindex: 0, "aria-label": "divider between A and B", "aria-valuemin": 0, "aria-valuemax": 100,
  });
  const move = (value) => {
    const to = Math.min(100, Math.max(0, Math.round(value)));
    box.style.setProperty("--at", `${to}%`);
    divider.setAttribute("aria-valuenow", to);
    divider.setAttribute("aria-valuetext", `${to} % of A`);
  };
  divider.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 10 : 2;
    const at = Number(divider.getAttribute("aria-valuenow"));
    const to = { ArrowLeft: at - by, ArrowDown: at - by, ArrowRight: at + by, ArrowUp: at + by, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  });
  const drag = (event) => {
    const { left, width } = box.getBoundingClientRect();
    move((100 * (event.clientX - left)) / width);
  };
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    drag(event);
  });
  box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && drag(event));
  box.append(divider, element("span", "dream-side dream-side-a", "A"), element("span", "dream-side dream-side-b", "B"));
  move(50);
}

/** The words of both prompts. Those that only one of them has are marked. */
function differences(a, b) {
  return differing(a, b).flatMap(({ text, of }) => {
    const said = { a: "only in A: ", b: "only in B: " }[of];
    return [said ? element("mark", `dream-only-${of}`, "", {}, element("span", "dream-hidden", said), text) : text, " "];
  });
}

/**
 * Show one item large, or two as A and B. Returns `root`; `ready()`, which promises their videos; `controls`, a
 * `Transport` or null; and `leave()`, which removes it from the page.
 * `own` is whether it has its own play button, `shuts` whether it has a button that closes it; `close` is called when
 * the user closes it.
 */
export function enlarged(items, { close, tell, own = true, shuts = true }) {
  const areTwo = items.length === 2;
  const layers = items.map((item, index) => picture(item, `dream-layer dream-layer-${index ? "b" : "a"}`));
  const box = element("div", "dream-ab", "", {}, ...layers.map((layer) => layer.node));
  const [width, height] = items[0].ratio.split(":").map(Number);
  box.style.aspectRatio = `${width} / ${height}`;
  box.style.setProperty("--shape", width / height);
  if (areTwo) addDivider(box);
  // Two prompts are not folded, because folding could hide a difference.
  const words = areTwo ? differences(items[0].prompt, items[1].prompt) : [folded(element("div", "", items[0].prompt))];
  const caption = element("div", "dream-caption", "", {}, ...words);
  const ready = () => Promise.all(layers.map((layer) => layer.load()));
  const controls = own && items.some((item) => item.kind === "video") ? new Transport(ready, tell) : null;
  const shut = shuts ? [button("Close", () => leave(true), "dream-button", { "aria-label": "close the enlarged view" })] : [];
  const foot = element("div", "dream-compare-foot", "", {}, ...(controls ? [controls.root] : []), ...shut);
  const label = areTwo ? "A and B" : "enlarged view";
  const root = element("div", "dream-compare", "", { role: "group", "aria-label": label }, box, caption, foot);
  if (shuts) root.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), leave(true)));
  const leave = (told) => {
    controls?.stop();
    layers.forEach((layer) => layer.free());
    root.remove();
    if (told) close?.();
  };
  ready().then(() => controls?.refresh()).catch(tell);
  return { root, ready, leave, controls };
}
