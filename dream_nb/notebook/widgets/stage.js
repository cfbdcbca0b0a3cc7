// The stage: one dream large, or two below a divider; and one play button and one line for any number of videos.
import { button, clock, element } from "./base.js";

/** The words of two texts in order: `[{ text, of }]`, where `of` is "both", "a" or "b". */
export function differing(a, b) {
  const [left, right] = [a, b].map((text) => text.split(/\s+/).filter(Boolean).slice(0, 400));
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
 * What shows a dream: `node`, and `load()`, which gives the video once it can play, or null where there is none.
 * `item` has `prompt`, `kind`, `poster` (an address, or a promise of one) and `address()`, a promise of the file's.
 */
export function picture(item, className = "dream-layer") {
  const isVideo = item.kind === "video";
  const node = element(isVideo ? "video" : "img", className, "", isVideo
    ? { muted: true, playsinline: true, preload: "none", tabindex: "-1", "aria-label": item.prompt, disablepictureinpicture: true }
    : { alt: item.prompt });
  if (isVideo) node.muted = true;
  Promise.resolve(item.poster).then((poster) => poster && (isVideo ? (node.poster = poster) : (node.src ||= poster))).catch(() => {});
  let loading;
  const load = () => (loading ??= item.address().then((address) => new Promise((resolve, reject) => {
    node.addEventListener(isVideo ? "canplay" : "load", () => {
      node.removeAttribute("poster"); // else it covers the sharp first frame until the video moves
      resolve(isVideo ? node : null);
    }, { once: true });
    node.addEventListener("error", () => reject(new Error(`${item.prompt}: the page cannot play it`)), { once: true });
    if (isVideo) node.preload = "auto";
    node.src = address;
    if (isVideo) node.load();
  })).catch((error) => { loading = undefined; throw error; }));
  return { node, load };
}

/** One play button and one line for all videos that `ready()` promises; `tell` says what goes wrong. */
export function transport(ready, tell) {
  let videos = [];
  let [playing, at, began, length, frame] = [false, 0, 0, 0, 0];
  const play = button("Play", () => toggle(), "dream-button dream-play", { "aria-label": "play all" });
  const line = element("input", "dream-line", "", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "time of all" });
  const time = element("span", "dream-clock", "0:00");
  const root = element("div", "dream-transport", "", { role: "group", "aria-label": "playing" }, play, line, time);

  const load = async () => {
    videos = (await ready()).filter(Boolean);
    length = Math.max(0.01, ...videos.map((video) => video.duration || 0));
    return videos;
  };
  const end = (video) => Math.max(0, (video.duration || 0) - 0.04);
  const show = () => {
    line.value = Math.round((1000 * at) / length);
    line.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${length.toFixed(1)} seconds`);
    time.textContent = `${clock(at)} / ${clock(length)}`;
  };
  const place = (slack) => {
    for (const video of videos) {
      const wanted = Math.min(at, end(video));
      if (!video.seeking && Math.abs(video.currentTime - wanted) > slack) video.currentTime = wanted;
    }
  };
  const now = () => performance.now() / 1000;
  const step = () => {
    at = now() - began;
    if (at >= length) {
      [at, began] = [0, now()];
      place(0);
      videos.forEach((video) => video.play().catch(() => {}));
    }
    // A video that runs on its own drifts: one that is far off is put where the others are.
    place(0.15);
    show();
    frame = requestAnimationFrame(step);
  };
  const stop = () => {
    playing = false;
    cancelAnimationFrame(frame);
    videos.forEach((video) => video.pause());
    [play.textContent, play.ariaLabel] = ["Play", "play all"];
    root.dataset.playing = "false";
  };
  async function toggle() {
    if (playing) return stop(), place(0.02);
    play.disabled = true;
    try {
      await load();
      place(0.02);
      await Promise.all(videos.map((video) => video.play().catch(() => {})));
      [playing, began] = [true, now() - at];
      [play.textContent, play.ariaLabel] = ["Pause", "pause all"];
      root.dataset.playing = "true";
      step();
    } catch (error) {
      tell(error);
    }
    play.disabled = false;
    play.focus({ preventScroll: true });
  }
  line.addEventListener("input", async () => {
    if (playing) stop();
    const part = line.value / 1000; // what else waits for the videos puts the line back
    try {
      await load();
      at = length * part;
      place(0);
      show();
    } catch (error) {
      tell(error);
    }
  });
  return { root, stop, toggle, get at() { return at; }, refresh: async () => (await load(), place(0), show()) };
}

/** One item, or two as A and B, large. `layers` are theirs, as `picture` makes them. */
export function stage(items, { close, tell, own = true }) {
  const layers = items.map((item, index) => picture(item, `dream-layer dream-layer-${index ? "b" : "a"}`));
  const box = element("div", "dream-ab", "", {}, ...layers.map((layer) => layer.node));
  box.style.aspectRatio = (items[0].ratio ?? "16:9").replace(":", " / ");
  box.style.setProperty("--shape", (([w, h]) => w / h)((items[0].ratio ?? "16:9").split(":").map(Number)));
  const caption = element("p", "dream-caption");
  if (items.length === 2) {
    const move = (value) => {
      const to = Math.min(100, Math.max(0, Math.round(value)));
      box.style.setProperty("--at", `${to}%`);
      divider.setAttribute("aria-valuenow", to);
      divider.setAttribute("aria-valuetext", `${to} % of A`);
    };
    const divider = element("div", "dream-divider", "", {
      role: "slider", tabindex: 0, "aria-label": "divider between A and B", "aria-valuemin": 0, "aria-valuemax": 100,
    });
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
    for (const part of differing(items[0].prompt, items[1].prompt)) {
      const said = { a: "only in A: ", b: "only in B: " }[part.of];
      caption.append(said ? element("mark", `dream-only-${part.of}`, "", {}, element("span", "dream-hidden", said), part.text) : part.text, " ");
    }
  } else {
    caption.textContent = items[0].prompt;
  }
  const ready = () => Promise.all(layers.map((layer) => layer.load()));
  const controls = own && items.some((item) => item.kind === "video") ? transport(ready, tell) : null;
  const shut = button("Close", () => leave(true), "dream-button", { "aria-label": "close what is shown large" });
  const foot = element("div", "dream-stage-foot", "", {}, ...(controls ? [controls.root] : []), shut);
  const label = items.length === 2 ? "A and B" : "shown large";
  const root = element("div", "dream-stage", "", { role: "group", "aria-label": label }, box, caption, foot);
  root.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), leave(true)));
  const leave = (told) => {
    controls?.stop();
    layers.forEach(({ node }) => (node.removeAttribute("src"), node.load?.()));
    root.remove();
    if (told) close?.();
  };
  ready().then(() => controls?.refresh()).catch(tell);
  return { root, layers, ready, leave, controls };
}
