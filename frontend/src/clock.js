// Clocks tick here from a deadline and the server's own time, and say the milestones aloud.
const MILESTONES = [60, 15, 5];
const pad = (n) => String(n).padStart(2, "0");

const skewOf = () => {
  const said = Date.parse(document.documentElement.dataset.now ?? "");
  return Number.isNaN(said) ? 0 : said - (performance.timeOrigin + performance.now());
};

let skew = 0;
const nowMs = () => Date.now() + skew;

const digits = (seconds) =>
  `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;

const short = (seconds) => `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}`;

function paint(element) {
  const left = Math.round((Date.parse(element.dataset.until) - nowMs()) / 1000);
  const late = left < 0;
  const seconds = Math.abs(left);
  const text = element.dataset.form === "short" ? short(seconds) : digits(seconds);
  element.textContent = late ? `${element.dataset.late ?? "−"}${text}` : text;
  const clock = element.closest(".clock");
  if (clock && clock.dataset.from) {
    const whole = Date.parse(element.dataset.until) - Date.parse(clock.dataset.from);
    const share = whole > 0 ? Math.max(0, Math.min(1, (left * 1000) / whole)) : 0;
    clock.style.setProperty("--p", share.toFixed(3));
    if (late) clock.dataset.state = "late";
    else if (share < 0.2 && clock.dataset.state !== "late") clock.dataset.state = "soon";
    const box = clock.closest(".deadline");
    if (box && clock.dataset.state) box.dataset.state = clock.dataset.state;
  }
  announce(element, left);
}

function announce(element, left) {
  const voice = document.getElementById("clock-voice");
  if (!voice || !element.dataset.say) return;
  const minute = Math.ceil(left / 60);
  if (left > 0 && left % 60 === 0 && MILESTONES.includes(minute)) {
    voice.textContent = element.dataset.say.replace("{n}", String(minute));
  }
}

export function startClocks() {
  skew = skewOf();
  const paintAll = () => document.querySelectorAll("[data-until]").forEach(paint);
  paintAll();
  setInterval(paintAll, 1000);
  document.addEventListener("htmx:load", paintAll);
}
