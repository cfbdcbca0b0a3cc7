// What a widget shows whose kernel was restarted while it waited, and how its cell comes back to what is under way.
import { button, element } from "./base.js";

const TITLE = "The kernel was restarted";
const GOES_ON = "It continues on the server.";
const BY_HAND = `${GOES_ON} Run this cell again to rejoin it: nothing is sent or paid for a second time.`;
const BY_BUTTON = `${GOES_ON} Its cell rejoins it: nothing is sent or paid for a second time.`;
const FAILED = "It could not be found from here: run this cell again.";
// A cell that was changed meanwhile sends nothing.
const find = (digest) => `__import__("dream_nb.notebook.cell.finding", fromlist=["find_again"]).find_again("${digest}")`;
const IS_DIGEST = /^[0-9a-f]{64}$/;

/** Run the cell that an element stands in, which its front end has to know by the keys for it. Whether that began. */
function runCell(cell) {
  // Not inside of a widget, which keeps keys to itself.
  const keys = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true };
  const event = new KeyboardEvent("keydown", keys);
  cell.querySelector(".jp-InputPrompt, .jp-InputArea")?.dispatchEvent(event);
  return event.defaultPrevented;
}

/** An alert that says what happened; with a button that finds it again where the page of `el` can do that. */
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
