// Fragments over htmx and SSE: the token of this page goes with each request, focus stays put.
import htmx from "./htmx.js";
import "htmx-ext-sse";

const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token();
});

// A refusal (409, 422, 429) carries a fragment with words of its own: show it where it belongs.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if ([409, 412, 422, 429].includes(xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// Times since the last sign of life are shown where an element asks for it.
const STALE_MS = 25_000;
let lastBeat = Date.now();
const live = () => document.querySelector("[sse-connect]");
const mark = () => {
  lastBeat = Date.now();
  document.documentElement.removeAttribute("data-live-lost");
};
document.addEventListener("htmx:sseOpen", mark);
document.addEventListener("htmx:sseBeforeMessage", mark);
document.addEventListener("htmx:sseMessage", mark);
document.addEventListener("beat", mark);
setInterval(() => {
  if (live() && Date.now() - lastBeat > STALE_MS) {
    document.documentElement.setAttribute("data-live-lost", "");
  }
}, 5_000);

export default htmx;
