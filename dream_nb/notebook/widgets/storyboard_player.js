// The film of a storyboard: controls below it, and shots to click.
import { clock, precedingOutput } from "./base.js";
import { controlResult, isStill } from "./result_player.js";

// Seek to the middle of the first frame of a shot, because its edge may show the frame before.
const HALF_FRAME = 0.5;

/** Make the links of the shots below a film seek it, and mark the current shot. Returns a function that stops this. */
function seekByShots(video, { begins, fps }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const links = [...(video.closest("figure")?.querySelectorAll("a:has(> img)") ?? [])].slice(0, begins.length);
  const given = links.map((link) => link.title);
  const reflect = () => {
    const now = begins.findLastIndex((begin) => begin <= video.currentTime + 0.001);
    links.forEach((link, number) => link.toggleAttribute("aria-current", number === now));
    links[now]?.setAttribute("aria-current", "true");
  };
  links.forEach((link, number) => {
    link.classList.add("dream-shot-link");
    link.title = `Go to ${clock(begins[number])}: ${given[number]}`;
  });
  const seek = (event) => {
    const number = links.indexOf(event.target.closest("a"));
    // With these keys, a link opens its file in another tab or window as usual.
    if (number < 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    video.currentTime = begins[number] + HALF_FRAME / (fps || 24);
    if (!isStill()) video.play().catch(() => {});
  };
  // Captured before the handlers of the links themselves, because JupyterLab would open the shot's file in a tab.
  video.closest("figure")?.addEventListener("click", seek, { signal, capture: true });
  for (const event of ["timeupdate", "seeking", "loadedmetadata"]) video.addEventListener(event, reflect, { signal });
  reflect();
  return () => {
    leaving.abort();
    links.forEach((link, number) => {
      link.classList.remove("dream-shot-link");
      link.removeAttribute("aria-current");
      link.title = given[number];
    });
  };
}

export function render({ model, el }) {
  const film = model.get("film");
  const free = controlResult(el, film);
  let shown = null;
  let release = () => {};
  const look = () => {
    const video = precedingOutput(el)?.querySelector("video") ?? null;
    if (video === shown) return;
    release();
    shown = video;
    release = video ? seekByShots(video, { begins: model.get("begins"), fps: film.fps }) : () => {};
  };
  // Pages render widgets before they insert them into the document.
  const observer = new ResizeObserver(look);
  observer.observe(el);
  return () => (observer.disconnect(), release(), free());
}
