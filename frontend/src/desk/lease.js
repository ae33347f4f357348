// The ruling lease: renewed every 20 s while the person does something; the chip comes back as HTML.
import htmx from "../htmx.js";

const RENEW_MS = 20_000;
let active = false;

export function startLease() {
  const chip = document.getElementById("lease");
  if (!chip?.dataset.renew) return;
  for (const kind of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(kind, () => { active = true; }, { passive: true, capture: true });
  }
  setInterval(() => {
    const place = document.getElementById("lease");
    if (!active || !place?.dataset.renew) return;
    active = false;
    htmx.ajax("POST", place.dataset.renew, { target: place, swap: "outerHTML" });
  }, RENEW_MS);
}
