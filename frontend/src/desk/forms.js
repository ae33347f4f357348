// Forms whose sums and checks are shown while typing; the server checks them all again.
function showShares(form) {
  const inputs = [...form.querySelectorAll("[data-share]")];
  if (!inputs.length) return;
  const digits = Number(form.dataset.digits ?? "2");
  const unit = 10 ** digits;
  const amount = Math.round(Number(form.querySelector("[data-amount]")?.value.replaceAll(",", "") || "0") * unit);
  const symbol = form.dataset.symbol ?? "";
  let total = 0;
  for (const input of inputs) {
    const share = Number.parseInt(input.value, 10) || 0;
    total += share;
    const cell = form.querySelector(`[data-part="${input.dataset.share}"]`);
    if (cell) cell.textContent = `${symbol}${(Math.floor((amount * share) / 100) / unit).toFixed(digits)}`;
    form.querySelector(`[data-bar="${input.dataset.share}"]`)?.style.setProperty("--v", String(share));
  }
  const sum = form.querySelector("[data-total]");
  if (sum) {
    sum.textContent = `${total}%`;
    sum.classList.toggle("bad", total !== 100);
  }
}

function countLetters(box) {
  const place = document.getElementById(box.dataset.counts);
  if (place) place.textContent = place.dataset.text.replace("{n}", String([...box.value.trim()].length));
}

function printOnce(event) {
  const button = event.target.closest("[data-download]");
  if (!button) return;
  const text = document.getElementById(button.dataset.download)?.innerText ?? "";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = button.dataset.name ?? "codes.txt";
  link.click();
}

export function startForms() {
  const refresh = (event) => {
    const form = event.target.closest?.("form");
    if (form) showShares(form);
    if (event.target.matches?.("[data-counts]")) countLetters(event.target);
  };
  document.addEventListener("input", refresh);
  document.addEventListener("change", refresh);
  document.addEventListener("click", printOnce);
  document.querySelectorAll("form:has([data-share])").forEach(showShares);
  document.querySelectorAll("[data-counts]").forEach(countLetters);
}
