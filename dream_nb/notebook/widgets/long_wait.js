// Long waits: the title of the tab counts, and the user is notified at the end if that was allowed.
import { askNow, button, clock } from "./base.js";

const STOP = "let the cell end; what was sent continues on the server";
const CANCEL = "delete what is not made yet on the server, which refunds it";
const ENDED = { done: "Done", "not made": "Not made", cancelled: "Cancelled" };
// A wait is long from this number of seconds on.
const LONG = 20;
const TICK = 1000;
const ALLOWED = "dream_nb.tell";
const TONES = [660, 880];
const TONE_SECONDS = 0.18;

const stored = {
  get isOn() {
    try {
      return localStorage.getItem(ALLOWED) === "on";
    } catch {
      return false; // a page without storage forgets it
    }
  },
  set isOn(isOn) {
    try {
      localStorage.setItem(ALLOWED, isOn ? "on" : "off");
    } catch {
      // As above.
    }
  },
};

/** All long waits of a page. They share its title, and the choice whether to notify the user. */
class Waits {
  #open = new Set();
  #timer = null;
  #prefix = "";
  #sound = null;
  isOn = stored.isOn;

  join(wait) {
    this.#open.add(wait);
    this.#timer ??= setInterval(() => this.#tick(), TICK);
  }

  leave(wait) {
    if (!this.#open.delete(wait)) return;
    this.#tick();
    if (this.#open.size) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Switch notifications on or off. Asks the browser for permission once; without permission, a sound is played. */
  async toggle() {
    this.isOn = !this.isOn;
    stored.isOn = this.isOn;
    this.#open.forEach((wait) => wait.reflect());
    if (!this.isOn) return;
    // Created during the click, because browsers do not let sound begin without one.
    this.#sound ??= globalThis.AudioContext ? new AudioContext() : null;
    if (globalThis.Notification?.permission === "default") await Notification.requestPermission().catch(() => {});
  }

  /** Notify the user, if the page is hidden and notifications are on. */
  tell(text) {
    if (!this.isOn || !document.hidden) return;
    try {
      if (Notification.permission === "granted") return this.#notify(text);
    } catch {
      // Some browsers allow notifications only from service workers.
    }
    this.#play();
  }

  #notify(text) {
    const shown = new Notification(text, { tag: ALLOWED });
    shown.addEventListener("click", () => (window.focus(), shown.close()));
  }

  #play() {
    this.#sound ??= globalThis.AudioContext ? new AudioContext() : null;
    if (!this.#sound) return;
    TONES.forEach((tone, number) => {
      const [from, to] = [number, number + 1].map((at) => this.#sound.currentTime + at * TONE_SECONDS);
      const [voice, loudness] = [this.#sound.createOscillator(), this.#sound.createGain()];
      voice.frequency.value = tone;
      loudness.gain.setValueAtTime(0.12, from);
      loudness.gain.exponentialRampToValueAtTime(0.001, to);
      voice.connect(loudness).connect(this.#sound.destination);
      voice.start(from);
      voice.stop(to);
    });
  }

  #tick() {
    this.#open.forEach((wait) => wait.reflect());
    const long = [...this.#open].filter((wait) => wait.isLong);
    const longest = clock(Math.max(0, ...long.map((wait) => wait.seconds)));
    this.#show(long.length ? `(${long.length > 1 ? `${long.length} · ` : ""}${longest}) ` : "");
  }

  /** Put a prefix before the current title, which the page may have changed. */
  #show(prefix) {
    const title = document.title.startsWith(this.#prefix) ? document.title.slice(this.#prefix.length) : document.title;
    this.#prefix = prefix;
    if (document.title !== prefix + title) document.title = prefix + title;
  }
}

// Shared by scripts of different versions.
const waits = (globalThis[Symbol.for("dream_nb.waits")] ??= new Waits());

/**
 * One wait, from now until `end` or `leave`. `title` says what is being made, `seconds` how long it has been under way.
 * `node` is the control that switches notifications. It is shown when the wait is long.
 */
export class LongWait {
  #title;
  #began;
  node = button("", () => waits.toggle(), "dream-button dream-tell", { hidden: true });

  constructor({ title, seconds }) {
    this.#title = title;
    this.#began = performance.now() - 1000 * seconds;
    waits.join(this);
  }

  get seconds() {
    return (performance.now() - this.#began) / 1000;
  }

  get isLong() {
    return this.seconds >= LONG;
  }

  reflect() {
    if (!this.isLong && this.node.hidden) return;
    this.node.hidden = false;
    this.node.textContent = waits.isOn ? "You are notified when it is done" : "Notify me when it is done";
    this.node.title = "with a notification, or else a sound, while you are on another page";
    this.node.setAttribute("aria-pressed", String(waits.isOn));
  }

  /** It has ended: `outcome` is "done", "not made" or "cancelled". */
  end(outcome) {
    // A wait that was too short to be shown is not reported.
    if (!this.node.hidden) waits.tell(`${ENDED[outcome]}: ${this.#title}`);
    this.leave();
  }

  leave() {
    this.node.remove();
    waits.leave(this);
  }
}

// The models that are being cancelled from this page: the user needs no notification of that.
const cancelled = new WeakSet();

/** The long wait of a widget with the traits `seconds` and `outcome`. `follow()` must be called at each change. */
export function followWait(model, title) {
  let wait = model.get("outcome") ? null : new LongWait({ title, seconds: model.get("seconds") });
  const leave = () => (wait?.leave(), (wait = null));
  return {
    node: wait?.node ?? null,
    leave,
    follow() {
      if (!wait || !model.get("outcome")) return;
      if (model.get("outcome") === "cancelled" && cancelled.has(model)) return leave();
      wait.end(model.get("outcome"));
      wait = null;
    },
  };
}

/** The note of an awaited widget; after it was cancelled, the balance. */
export function noteOf(model) {
  return model.get("balance") || model.get("note");
}

/**
 * The buttons of an awaited widget while its work is under way. `wait` is its long wait, `cancel` the text of the
 * button that cancels it. `say` shows that the kernel is busy, `tell` an error.
 */
export function waitButtons(model, wait, { cancel, say, tell }) {
  const stop = () => askNow(model, "stop", { say, tell });
  const cancelAll = () => {
    cancelled.add(model);
    askNow(model, "cancel", { patience: 0, say, tell: (error) => (cancelled.delete(model), tell(error)) });
  };
  const hears = model.get("hears");
  return [
    ...(hears && model.get("waits") ? [button("Stop waiting", stop, "dream-button", { title: STOP })] : []),
    ...(hears && model.get("cancels") ? [button(cancel, cancelAll, "dream-button", { title: CANCEL })] : []),
    ...(model.get("ended") || !wait.node ? [] : [wait.node]),
  ];
}
