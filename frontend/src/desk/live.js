// A live queue never moves rows: arrivals wait behind a pill, a changed row is marked or refreshed.
import htmx from "../htmx.js";

function showArrived(count) {
  const pill = document.getElementById("fresh");
  if (!pill) return;
  pill.hidden = count === 0;
  const place = pill.querySelector("[data-arrived]");
  const text = count === 1 ? place.dataset.one : place.dataset.arrived;
  place.textContent = text.replace("{n}", count > 99 ? "99+" : String(count));
}

const inUse = (row) => row.matches("[data-at], :hover, :focus-within") || row.querySelector(":checked");

function refresh(list, row, version) {
  if (row.dataset.version === version) return;
  if (inUse(row)) {
    row.dataset.stale = "";
    return;
  }
  row.dataset.version = version;
  const address = `${list.dataset.rowbase}/${row.dataset.row}`;
  htmx.ajax("GET", address, { source: row, target: row, swap: "outerHTML" });
}

/** The message lists the queue's present rows as `number:version`, apart by spaces; "-" is none. */
function onRows(list, text) {
  const pairs = text.split(/\s+/).filter((pair) => pair.includes(":"));
  const now = pairs.map((pair) => pair.split(":"));
  let arrived = 0;
  for (const [claimNo, version] of now) {
    const row = document.getElementById(`row-${claimNo}`);
    if (row) refresh(list, row, version);
    else arrived += 1;
  }
  showArrived(arrived);
}

export function startQueueLive() {
  const list = document.getElementById("rows-live");
  if (!list) return;
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.detail?.type !== "rows") return;
    event.preventDefault();
    onRows(list, event.detail.data);
  });
}
