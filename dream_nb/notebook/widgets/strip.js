// The strip: the shots of a storyboard while they are made.
import { clock, element, errorLine, stateLabel } from "./base.js";
import { followWait, noteOf, waitButtons } from "./long_wait.js";
import { orphanAlert } from "./orphan.js";

function tile(number, ratio) {
  const item = element("li", "dream-shot");
  const arrow = element("span", "dream-arrow");
  arrow.setAttribute("aria-hidden", "true");
  const box = element("div", "dream-shot-tile");
  const picture = element("div", "dream-still");
  picture.style.aspectRatio = ratio;
  const image = element("img", "");
  image.alt = "";
  image.hidden = true;
  const state = element("span", "dream-shot-state");
  const bar = element("div", "dream-shot-bar");
  const done = element("i", "");
  bar.append(done);
  picture.append(image, state, bar);
  const text = element("div", "dream-shot-prompt");
  box.append(picture, text);
  item.append(arrow, box);
  return {
    item,
    update(shot) {
      arrow.textContent = number === 1 ? "" : shot.goes_on ? "→" : "|";
      item.dataset.state = shot.state;
      if (shot.picture && image.getAttribute("src") !== shot.picture) image.src = shot.picture;
      image.hidden = !shot.picture;
      const says = (shot.state === "waiting" && shot.note) || stateLabel(shot.state);
      state.textContent = shot.picture ? String(number) : says;
      state.title = shot.note;
      done.style.width = `${100 * (shot.fraction ?? 0)}%`;
      text.textContent = `${number} · ${shot.prompt}`;
      text.title = shot.prompt;
    },
  };
}

/** The line below the shots: the time, a note and the buttons. */
function footer() {
  const time = element("b", "", "", { role: "timer" });
  const note = element("span", "", "", { role: "status" });
  const buttons = element("span", "dream-strip-buttons");
  return { foot: element("div", "dream-strip-foot", "", {}, time, note, buttons), time, note, buttons };
}

export function render({ model, el }) {
  const root = element("div", "dream-nb dream-strip");
  const list = element("ol", "dream-shots");
  list.setAttribute("aria-label", "shots of the storyboard");
  const { foot, time, note, buttons } = footer();
  const leaving = new AbortController();
  const { line, tell } = errorLine(model, leaving);
  root.append(list, foot, line);
  el.append(root);

  const ratio = `${model.get("width")} / ${model.get("height")}`;
  const tiles = [];
  let [told, seen] = [model.get("seconds"), performance.now()];
  const tick = () => {
    const since = model.get("ended") ? 0 : (performance.now() - seen) / 1000;
    time.textContent = clock(model.get("seconds") + since);
  };
  const wait = followWait(model, model.get("title"));
  let [late, offered] = ["", ""];
  const say = (text) => ((late = text), update());
  const offer = () => {
    const now = ["waits", "cancels", "ended"].map((trait) => model.get(trait)).join();
    if (now === offered) return;
    offered = now;
    buttons.replaceChildren(...waitButtons(model, wait, { cancel: "Cancel all", say, tell }));
  };
  const update = () => {
    if (told !== model.get("seconds")) [told, seen] = [model.get("seconds"), performance.now()];
    model.get("shots").forEach((shot, index) => {
      if (!tiles[index]) {
        tiles[index] = tile(index + 1, ratio);
        list.append(tiles[index].item);
      }
      tiles[index].update(shot);
    });
    note.textContent = late || noteOf(model);
    offer();
    wait.follow();
    tick();
  };
  model.on("change", update);
  update();
  const timer = setInterval(tick, 250);
  const orphan = () => {
    if (model.get("ended")) return;
    clearInterval(timer);
    wait.leave();
    foot.replaceWith(orphanAlert(model, el));
  };
  // The event that the widget manager sends its models when their kernel is gone.
  model.on("comm_live_update", orphan);
  return () => {
    clearInterval(timer);
    leaving.abort();
    wait.leave();
    model.off("change", update);
    model.off("comm_live_update", orphan);
  };
}
