// The alert of a widget whose kernel was restarted while it waited, with a button by which its cell rejoins the work.
import { button, element } from "./base.js";

const TITLE = "The kernel was restarted";
const GOES_ON = "It continues on the server.";
const BY_HAND = `${GOES_ON} Run this cell again to rejoin it: nothing is sent or paid for a second time.`;
const BY_BUTTON = `${GOES_ON} Its cell rejoins it: nothing is sent or paid for a second time.`;
const FAILED = "It could not be found from here: run this cell again.";
// If the cell was changed meanwhile, nothing is sent.
const find = (digest) => `__import__("dream_nb.notebook.cell.finding", fromlist=["find_again"]).find_again("${digest}")`;
const IS_DIGEST = /^[0-9a-f]{64}$/;

/** Run a cell by sending its keyboard shortcut to the front end. Returns whether the front end handled it. */
function runCell(cell) {
  // Not dispatched inside a widget, because widgets stop the propagation of keys.
  const keys = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true };
  const event = new KeyboardEvent("keydown", keys);
  cell.querySelector(".jp-InputPrompt, .jp-InputArea")?.dispatchEvent(event);
  return event.defaultPrevented;
}

/** An alert that says what happened, with a button that rejoins the work if the page of `el` supports this. */
export function orphanAlert(model, el) {
  const kernel = model.widget_manager?.kernel;
  const cell = el.closest(".jp-Notebook .jp-Cell");
  const digest = model.get("asked_by");
  const text = element("p", "", "", { role: "status" });
  const alert = element("div", "dream-failed", "", { role: "alert" }, element("b", "", TITLE), text);
  const canFind = kernel?.requestExecute && cell && IS_DIGEST.test(digest);
  text.textContent = canFind ? BY_BUTTON : BY_HAND;
  if (!canFind) return alert;
  const again = button("Find it again", async () => {
    again.disabled = true;
    const { content } = await kernel.requestExecute({ code: find(digest), silent: true, store_history: false }).done;
    if (content.status !== "ok" || !runCell(cell)) text.textContent = FAILED;
    again.disabled = false;
  }, "dream-button dream-edged", { title: "run this cell again; if it was changed, nothing is sent" });
  alert.append(again);
  return alert;
}
