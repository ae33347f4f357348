// Single keys press the control that carries them (`data-key`); off while typing, or for good.
import { moveRow, openRow, pickRow } from "./rows.js";

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const singleKeysOff = () => document.body.dataset.keys === "off";

const isShown = (element) => element.getClientRects().length > 0 || element.matches("form");

function carrier(key) {
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = [...scope.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  return found.find(isShown);
}

function press(element) {
  if (element.matches("form")) element.requestSubmit();
  else if (element.matches(TYPING)) element.focus();
  else element.click();
}

function confirmNow(event) {
  const dialog = document.querySelector("dialog[open]");
  const form = dialog ? dialog.querySelector("form[method=post]") : event.target.closest?.("form");
  if (!form || (!dialog && !event.target.matches("textarea"))) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-kind=primary]:not([disabled])") ?? undefined);
}

function escape(event) {
  if (document.querySelector("dialog[open]")) return;
  if (event.target.matches?.(TYPING)) {
    event.target.blur();
    return;
  }
  const picked = document.querySelectorAll(".case .check:checked");
  if (picked.length) picked.forEach((box) => { box.checked = false; });
  else document.querySelector("[data-key=esc]")?.click();
}

const ROW_KEYS = { j: () => moveRow(1), k: () => moveRow(-1), x: pickRow, enter: openRow };

function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const key = event.key.toLowerCase();
  if (event.metaKey || event.ctrlKey) {
    if (key === "enter") confirmNow(event);
    if (key === "k" && document.getElementById("find")) {
      event.preventDefault();
      document.getElementById("find").showModal();
    }
    return;
  }
  if (key === "escape") return escape(event);
  if (singleKeysOff() || event.target.matches?.(TYPING)) return;
  if (key === "enter" && event.target.closest?.("a, button, summary")) return;
  const done = !document.querySelector("dialog[open]") && ROW_KEYS[key]?.();
  if (done) return event.preventDefault();
  const found = carrier(key);
  if (!found) return;
  event.preventDefault();
  press(found);
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
}
