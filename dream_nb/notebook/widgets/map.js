// The map: dreams as small pictures, placed by two measures. The wheel zooms, dragging moves, a click selects.
import { button, change, element, errorLine, listen } from "./base.js";

// As in `dream_nb.html.scatter`, which draws the same without a script.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 460, 64, 20, 16, 52];
const [WIDE, HIGH] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
const [SMALLEST, LARGEST, COVER, ROUNDS, GAP, TICKS] = [36, 104, 0.28, 120, 4, 6];
const [OFF, TURN, ASIDE] = [0.5, 2.4, 0.2];
// A pointer that moves by no more than these pixels clicks, and does not drag.
const STILL = 4;
const STEP = 1.25;

/** An SVG element with attributes and children. */
function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Round numbers between two numbers, each with its text. */
function ticks(low, high) {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const numbers = [];
  for (let at = Math.ceil(low / step); at <= Math.floor(high / step); at += 1) numbers.push(at * step);
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return numbers.map((number) => [number, number.toLocaleString("en", format)]);
}

/** Move overlapping pictures apart by half of the overlap, inside the axes. Returns whether anything moved. */
function spread(places) {
  let moved = false;
  places.forEach((one, number) => {
    for (const other of places.slice(0, number)) {
      const overX = (one.width + other.width) / 2 + GAP - Math.abs(one.x - other.x);
      const overY = (one.height + other.height) / 2 + GAP - Math.abs(one.y - other.y);
      if (overX <= 0 || overY <= 0) continue;
      moved = true;
      const isAcross = overX / (one.width + other.width) < overY / (one.height + other.height);
      const stepX = ((isAcross ? overX : overX * ASIDE) / 2) * (one.x < other.x ? -1 : 1);
      const stepY = ((isAcross ? overY * ASIDE : overY) / 2) * (one.y < other.y ? -1 : 1);
      one.x += stepX;
      other.x -= stepX;
      one.y += stepY;
      other.y -= stepY;
    }
  });
  for (const one of places) {
    one.x = Math.min(Math.max(one.x, LEFT + one.width / 2), WIDTH - RIGHT - one.width / 2);
    one.y = Math.min(Math.max(one.y, TOP + one.height / 2), HEIGHT - BOTTOM - one.height / 2);
  }
  return moved;
}

/** The drawing, `node`. `show(view)` draws the part within the view's limits, `choose(numbers)` marks spots. */
class Plot {
  #spots;
  #grid = drawn("g");
  #leads = drawn("g");
  #dots = drawn("g", { "pointer-events": "none" });
  #nodes;

  constructor(spots, axes, toggle) {
    this.#spots = spots;
    this.#nodes = spots.map((spot, number) => this.#spot(spot, () => toggle(number)));
    const [across, up] = axes;
    const middle = `translate(14 ${TOP + HIGH / 2}) rotate(-90)`;
    this.node = drawn(
      "svg",
      { class: "dream-map-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `dreams by ${across.label} and ${up.label}` },
      this.#grid,
      drawn("text", { class: "dream-map-label", x: LEFT + WIDE / 2, y: HEIGHT - 10, "text-anchor": "middle" }, across.label),
      drawn("text", { class: "dream-map-label", transform: middle, "text-anchor": "middle" }, up.label),
      drawn("path", { class: "dream-map-axis", d: `M${LEFT} ${TOP}V${TOP + HIGH}H${LEFT + WIDE}` }),
      this.#leads,
      ...this.#nodes.map((one) => one.node),
      this.#dots,
    );
  }

  #spot(spot, toggle) {
    const image = spot.picture ? drawn("image", { href: spot.picture }) : drawn("g");
    const frame = drawn("rect", { class: "dream-map-frame" });
    const what = { class: "dream-map-spot", tabindex: 0, role: "button", "aria-pressed": "false", "aria-label": spot.text };
    const node = drawn("g", what, drawn("title", {}, spot.text), image, frame);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      toggle();
    });
    return { node, image, frame };
  }

  /** The number of the spot at which an event occurred, or -1. */
  numberOf(event) {
    return this.#nodes.findIndex((one) => one.node.contains(event.target));
  }

  choose(numbers) {
    this.#nodes.forEach((one, number) => one.node.setAttribute("aria-pressed", String(numbers.includes(number))));
  }

  show([across, up]) {
    const xOf = (value) => LEFT + ((value - across[0]) / (across[1] - across[0])) * WIDE;
    const yOf = (value) => TOP + (1 - (value - up[0]) / (up[1] - up[0])) * HIGH;
    const line = (ends) => drawn("line", { class: "dream-map-line", ...ends });
    this.#grid.replaceChildren(
      ...ticks(...across).flatMap(([value, text]) => [
        line({ x1: xOf(value), x2: xOf(value), y1: TOP, y2: TOP + HIGH }),
        drawn("text", { x: xOf(value), y: TOP + HIGH + 18, "text-anchor": "middle" }, text),
      ]),
      ...ticks(...up).flatMap(([value, text]) => [
        line({ x1: LEFT, x2: LEFT + WIDE, y1: yOf(value), y2: yOf(value) }),
        drawn("text", { x: LEFT - 8, y: yOf(value) + 4, "text-anchor": "end" }, text),
      ]),
    );
    const isSeen = (spot) => spot.x >= across[0] && spot.x <= across[1] && spot.y >= up[0] && spot.y <= up[1];
    const seen = this.#spots.filter(isSeen).length;
    const side = Math.max(SMALLEST, Math.min(LARGEST, Math.sqrt((WIDE * HIGH * COVER) / Math.max(1, seen))));
    const places = [];
    this.#spots.forEach((spot, number) => {
      const one = this.#nodes[number];
      one.node.style.display = isSeen(spot) ? "" : "none";
      if (!isSeen(spot)) return;
      const scale = spot.picture ? side / Math.max(spot.width, spot.height) : 8;
      const [x, y] = [xOf(spot.x), yOf(spot.y)];
      const [off, turn] = [OFF * Math.sqrt(number), TURN * number];
      const middle = { x: x + off * Math.cos(turn), y: y + off * Math.sin(turn) };
      places.push({ one, point: [x, y], ...middle, width: spot.width * scale, height: spot.height * scale });
    });
    for (let round = 0; round < ROUNDS && spread(places); round += 1);
    this.#leads.replaceChildren(
      ...places.map(({ point, x, y }) => drawn("line", { class: "dream-map-lead", x1: point[0], y1: point[1], x2: x, y2: y })),
    );
    for (const { one, x, y, width, height } of places) {
      for (const part of [one.image, one.frame]) {
        for (const [key, value] of Object.entries({ x: x - width / 2, y: y - height / 2, width, height })) part.setAttribute(key, value);
      }
    }
    this.#dots.replaceChildren(
      ...places.map(({ point }) => drawn("circle", { class: "dream-map-dot", r: 3, cx: point[0], cy: point[1] })),
    );
  }
}

/** Moves the view with the pointer. If the pointer stays in place, toggles the picture below it. */
function drag(plot, down, { view, show, shares, toggle }) {
  if (down.button !== 0) return;
  const from = shares(down);
  const number = plot.numberOf(down);
  let isStill = true;
  const move = (event) => {
    if (isStill && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < STILL) return;
    isStill = false;
    plot.node.classList.add("is-moving");
    const to = shares(event);
    show(view.map(([low, high], axis) => {
      const way = (high - low) * (to[axis] - from[axis]);
      return [low - way, high - way];
    }));
  };
  const end = (event) => {
    plot.node.classList.remove("is-moving");
    for (const [name, handler] of handlers) window.removeEventListener(name, handler);
    if (isStill && event.type === "pointerup" && number >= 0) toggle(number);
  };
  const handlers = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
  for (const [name, handler] of handlers) window.addEventListener(name, handler);
}

export function render({ model, el }) {
  const closed = new AbortController();
  const whole = model.get("axes").map(({ low, high }) => [low, high]);
  let view = whole;
  const toggle = (number) => {
    const chosen = model.get("chosen");
    change(model, "chosen", chosen.includes(number) ? chosen.filter((one) => one !== number) : [...chosen, number]);
  };
  const plot = new Plot(model.get("spots"), model.get("axes"), toggle);
  const show = (next) => plot.show((view = next));
  /** The position of an event in the drawing, from 0 to 1 on each axis. */
  const shares = (event) => {
    const box = plot.node.getBoundingClientRect();
    const scale = WIDTH / box.width;
    return [((event.clientX - box.left) * scale - LEFT) / WIDE, 1 - ((event.clientY - box.top) * scale - TOP) / HIGH];
  };
  const zoom = (factor, at = [0.5, 0.5]) =>
    show(view.map(([low, high], axis) => {
      const middle = low + (high - low) * at[axis];
      return [middle - (middle - low) / factor, middle + (high - middle) / factor];
    }));
  plot.node.addEventListener("wheel", (event) => (event.preventDefault(), zoom(STEP ** -Math.sign(event.deltaY), shares(event))), { passive: false });
  plot.node.addEventListener("pointerdown", (down) => drag(plot, down, { view, show, shares, toggle }));
  const count = element("span", "dream-map-count", "", { role: "status" });
  const clear = button("Clear selection", () => change(model, "chosen", []));
  const chosen = () => {
    const numbers = model.get("chosen");
    plot.choose(numbers);
    clear.hidden = !numbers.length;
    count.textContent = numbers.length ? `${numbers.length} selected` : "Click to select, drag to move, wheel to zoom";
  };
  listen(model, closed.signal, "change:chosen", chosen);
  const bar = element(
    "div", "dream-map-bar", "", {}, count, clear,
    button("−", () => zoom(1 / STEP), "dream-button", { "aria-label": "zoom out", title: "zoom out" }),
    button("+", () => zoom(STEP), "dream-button", { "aria-label": "zoom in", title: "zoom in" }),
    button("Show all", () => show(whole)),
  );
  const root = element("div", "dream-nb dream-map", "", {}, plot.node, bar, errorLine(model, { signal: closed.signal }).line);
  el.append(root);
  show(whole);
  chosen();
  return () => closed.abort();
}
