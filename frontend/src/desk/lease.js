// The ruling lease: renewed every 20 s while the person does something; the chip comes back as HTML.
import htmx from "../htmx.js";

const RENEW_MS = 20_000;
let active = false;

export function startLease() {
  if (!document.getElementById("lease")) return;
  for (const kind of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(kind, () => { active = true; }, { passive: true, capture: true });
  }
  setInterval(() => {
    const chip = document.getElementById("lease");
    if (!active || !chip) return;
    active = false;
    htmx.ajax("POST", chip.dataset.renew, { source: chip, target: chip, swap: "outerHTML" });
  }, RENEW_MS);
}
