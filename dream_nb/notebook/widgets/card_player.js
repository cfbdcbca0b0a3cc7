// The card's player: a video that plays on hover or focus, or an image.
import { element } from "./base.js";

// Milliseconds after which the video plays again if the pointer does not move.
const REST = 500;
// Pixels: smaller movements of the pointer are ignored.
const LEAST_MOVE = 3;
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function poster(model) {
  const bytes = model.get("poster");
  return bytes?.byteLength ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : "";
}

function createImage(model, source) {
  const attributes = { src: poster(model), alt: model.get("prompt"), tabindex: "0" };
  const image = element("img", "dream-film", "", attributes);
  image.addEventListener("keydown", (event) => event.key === "f" && image.requestFullscreen?.());
  source().then((address) => (image.src = address)).catch(() => {});
  return element("div", "dream-picture", "", {}, image);
}

/** A video that follows the pointer, and steps by frames with the arrow keys. */
class Player {
  #film;
  #tell;
  #source;
  #video;
  #time;
  #place = element("i");
  #sound = element("button", "dream-badge dream-sound", "", { type: "button", "aria-label": "Sound" });
  #ready = null;
  #resting;
  #pointer;

  constructor(model, tell, source) {
    this.#film = model.get("film");
    this.#tell = tell;
    this.#source = source;
    this.#video = element("video", "dream-film", "", {
      poster: poster(model), loop: true, playsinline: true, preload: "none", tabindex: "0",
      "aria-label": `${model.get("prompt")}. Space plays, arrow keys step frame by frame, F fills the screen${this.#film.sound ? ", M switches the sound" : ""}`,
    });
    this.#video.muted = true;
    this.#time = element("span", "dream-badge", `${this.#film.seconds.toFixed(1)} s`);
    const scrub = element("div", "dream-scrub", "", { "aria-hidden": "true" }, this.#place);
    this.node = element("div", "dream-picture", "", {}, this.#video, this.#time, scrub);
    if (this.#film.studio) this.node.append(element("span", "dream-badge dream-right", "studio · procedural"));
    if (this.#film.sound) this.node.append(this.#sound);
    this.#reflectSound();
    this.#sound.addEventListener("click", () => this.#switchSound());
    this.#listenToPointer();
    this.#listenToVideo();
  }

  #switchSound() {
    this.#video.muted = !this.#video.muted;
    this.#reflectSound();
    if (!this.#video.muted) this.#play();
  }

  #reflectSound() {
    this.#sound.textContent = this.#video.muted ? "sound off" : "sound on";
    this.#sound.setAttribute("aria-pressed", String(!this.#video.muted));
  }

  /** Fetch the video once, and promise that it can play. */
  #load() {
    return (this.#ready ??= this.#source().then((address) => {
      this.#video.src = address;
      this.#video.load();
      return new Promise((resolve) => this.#video.addEventListener("loadeddata", resolve, { once: true }));
    }).catch((error) => (this.#tell(error), Promise.reject(error))));
  }

  #play() {
    return this.#load().then(() => this.#video.play()).catch(() => {});
  }

  #toggle() {
    if (this.#video.paused) this.#play();
    else this.#video.pause();
  }

  #step(frames) {
    const { fps, seconds } = this.#film;
    this.#load().then(() => {
      this.#video.pause();
      // Seek to the middle of the frame, because its edge may show the one before.
      const frame = Math.round(this.#video.currentTime * fps - 0.5) + frames;
      const last = Math.round(seconds * fps) - 1;
      this.#video.currentTime = (Math.min(last, Math.max(0, frame)) + 0.5) / fps;
    }).catch(() => {});
  }

  #follow(x) {
    if (this.#pointer !== undefined && Math.abs(x - this.#pointer) < LEAST_MOVE) return;
    const isFirst = this.#pointer === undefined;
    this.#pointer = x;
    clearTimeout(this.#resting);
    if (isFirst) return;
    const { left, width } = this.node.getBoundingClientRect();
    this.#load().then(() => {
      this.#video.pause();
      this.#video.currentTime = Math.min(0.999, Math.max(0, (x - left) / width)) * this.#film.seconds;
    }).catch(() => {});
    if (!isStill()) this.#resting = setTimeout(() => this.#play(), REST);
  }

  #leave() {
    clearTimeout(this.#resting);
    this.#pointer = undefined;
    this.#video.pause();
  }

  /** The action of a key, or undefined. */
  #act(key) {
    return {
      ArrowRight: () => this.#step(1), ArrowLeft: () => this.#step(-1),
      Home: () => this.#step(-1e9), End: () => this.#step(1e9),
      " ": () => this.#toggle(), Enter: () => this.#toggle(),
      m: () => this.#film.sound && this.#switchSound(), M: () => this.#film.sound && this.#switchSound(),
      f: () => this.node.requestFullscreen?.(), F: () => this.node.requestFullscreen?.(),
    }[key];
  }

  #listenToPointer() {
    this.node.addEventListener("pointerenter", () => isStill() || this.#play());
    this.node.addEventListener("pointermove", (event) => this.#follow(event.clientX));
    this.node.addEventListener("pointerleave", () => this.#leave());
  }

  #listenToVideo() {
    const video = this.#video;
    video.addEventListener("focus", () => isStill() || (video.matches(":focus-visible") && this.#play()));
    video.addEventListener("blur", () => video.pause());
    video.addEventListener("keydown", (event) => {
      const act = this.#act(event.key);
      if (!act) return;
      // Otherwise the notebook would treat these keys as commands.
      event.preventDefault();
      event.stopPropagation();
      act();
    });
    video.addEventListener("timeupdate", () => {
      this.#time.textContent = `${video.currentTime.toFixed(1)} s`;
      this.#place.style.width = `${(100 * video.currentTime) / this.#film.seconds}%`;
    });
  }
}

/** The element that shows a card's dream. `source()` promises the address of its file, `tell(error)` shows an error. */
export function createPlayer(model, tell, source) {
  return model.get("film").kind === "image" ? createImage(model, source) : new Player(model, tell, source).node;
}
