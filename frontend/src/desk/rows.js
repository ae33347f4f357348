// Rows of a queue: one is current, J and K move, X picks; the preview follows after a moment.
import htmx from "../htmx.js";

const PREVIEW_AFTER_MS = 120;
const rows = () => [...document.querySelectorAll("[data-row]")];
let waiting = 0;

export const currentRow = () => document.querySelector("[data-row][data-at]");

function preview(row) {
  const pane = document.getElementById("peek");
  if (!pane || pane.getClientRects().length === 0 || !row.dataset.peek) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    htmx.trigger(pane, "htmx:abort");
    htmx.ajax("GET", row.dataset.peek, { source: pane, target: pane, swap: "innerHTML" });
  }, PREVIEW_AFTER_MS);
}

export function setCurrent(row, { focus = true } = {}) {
  const before = currentRow();
  if (before === row) return;
  before?.removeAttribute("data-at");
  row.setAttribute("data-at", "");
  for (const other of rows()) other.querySelector(".ttl a")?.setAttribute("tabindex", other === row ? "0" : "-1");
  row.scrollIntoView({ block: "nearest" });
  if (focus) row.querySelector(".ttl a")?.focus({ preventScroll: true });
  preview(row);
}

export function moveRow(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(currentRow());
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  setCurrent(next);
  return true;
}

export function openRow() {
  const link = currentRow()?.querySelector(".ttl a");
  if (!link) return false;
  link.click();
  return true;
}

export function pickRow() {
  const box = currentRow()?.querySelector(".check");
  if (!box) return false;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

function countPicked() {
  const n = document.querySelectorAll(".check[name=claim]:checked").length;
  document.querySelectorAll("[data-picked]").forEach((place) => {
    place.textContent = place.dataset.picked.replace("{n}", String(n));
  });
}

export function startRows() {
  const all = rows();
  if (all.length) {
    const first = currentRow() ?? all[0];
    first.removeAttribute("data-at");
    setCurrent(first, { focus: false });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches(".check[name=claim]")) countPicked();
    if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row) setCurrent(row, { focus: false });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-unpick]")) {
      event.preventDefault();
      document.querySelectorAll(".check[name=claim]:checked").forEach((box) => { box.checked = false; });
      countPicked();
    }
  });
  countPicked();
}
