// Controls for the video of a result. They are below it, so they do not cover it.
import { button, clock, element, precedingOutput } from "./base.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The controls for one video: play, timeline, frames, speed, sound and full screen. */
class Controls {
  #video;
  #film;
  #leaving = new AbortController();
  #play = button("", () => this.#toggle(), "dream-button dream-play");
  #line = element("input", "", "", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "time" });
  #frame = element("span", "dream-frame", "", { role: "status" });
  #sound = button("", () => this.#switchSound());

  constructor(video, film) {
    this.#video = video;
    this.#film = film;
    const speed = element("select", "dream-input", "", { "aria-label": "speed" },
      ...SPEEDS.map((times) => element("option", "", `${times}×`, { value: times })));
    speed.value = 1;
    speed.addEventListener("change", () => (video.playbackRate = Number(speed.value)));
    this.#line.addEventListener("input", () => this.#seek((this.#line.value / 1000) * video.duration));
    this.root = element("div", "dream-nb dream-controls", "", { role: "group", "aria-label": "playing", "data-lm-suppress-shortcuts": "true" },
      this.#play, this.#line, button("‹", () => this.#step(-1), "dream-button", { "aria-label": "one frame back" }), this.#frame,
      button("›", () => this.#step(1), "dream-button", { "aria-label": "one frame on" }), speed,
      ...(film.sound ? [this.#sound] : []), button("Full screen", () => video.requestFullscreen?.()));
    this.#own();
  }

  /** Replace the browser's own controls until `release`. */
  #own() {
    const [video, { signal }] = [this.#video, this.#leaving];
    video.controls = false;
    if (isStill()) video.pause();
    for (const event of ["play", "pause", "timeupdate", "seeked", "loadedmetadata", "volumechange"]) {
      video.addEventListener(event, () => this.#reflect(), { signal });
    }
    video.addEventListener("click", () => this.#toggle(), { signal });
    video.after(this.root);
    this.#reflect();
  }

  release() {
    this.#leaving.abort();
    this.#video.controls = true;
    this.root.remove();
  }

  #reflect() {
    const { paused, currentTime, duration, muted } = this.#video;
    [this.#play.textContent, this.#play.ariaLabel] = paused ? ["Play", "play"] : ["Pause", "pause"];
    if (duration) this.#line.value = Math.round((1000 * currentTime) / duration);
    this.#line.setAttribute("aria-valuetext", `${currentTime.toFixed(1)} of ${(duration || 0).toFixed(1)} seconds`);
    const count = Math.round((duration || this.#film.seconds) * this.#film.fps);
    this.#frame.textContent = `${Math.min(count, Math.floor(currentTime * this.#film.fps) + 1)} / ${count}`;
    this.#frame.title = `frame, at ${clock(currentTime)}`;
    this.#sound.textContent = muted ? "Sound on" : "Sound off";
  }

  #toggle() {
    if (this.#video.paused) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  #switchSound() {
    this.#video.muted = !this.#video.muted;
    if (!this.#video.muted) this.#video.play().catch(() => {});
  }

  #seek(seconds) {
    if (Number.isFinite(seconds)) this.#video.currentTime = seconds;
  }

  #step(frames) {
    this.#video.pause();
    const { fps, seconds } = this.#film;
    // Seek to the middle of the frame, because its edge may show the one before.
    const frame = Math.floor(this.#video.currentTime * fps) + frames;
    this.#seek((Math.min(Math.round(seconds * fps) - 1, Math.max(0, frame)) + 0.5) / fps);
  }
}

/**
 * Add controls to the video in the output before `el`, as soon as it exists. Returns a function that removes them.
 * `film` is the trait `film` of a card.
 */
export function controlResult(el, film) {
  let controls = null;
  let shown = null;
  const look = () => {
    const video = precedingOutput(el)?.querySelector("video") ?? null;
    if (video === shown) return;
    controls?.release();
    shown = video;
    controls = video && new Controls(video, film);
  };
  // Pages render widgets before they insert them into the document.
  const observer = new ResizeObserver(look);
  observer.observe(el);
  return () => (observer.disconnect(), controls?.release());
}
