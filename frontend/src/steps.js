// The guided claim: what belongs to the chosen reason appears without a page load.
export function startSteps() {
  const form = document.querySelector("form[data-steps]");
  if (!form) return;
  const bar = document.querySelector("[data-missing]");
  const said = bar?.textContent;
  const refresh = () => {
    if (!bar) return;
    const missing = [...form.querySelectorAll("[data-required-for]")].filter(isShown).filter(isMissing);
    count(form);
    const chosen = form.dataset.at !== "1" || form.querySelector("[name=reason]:checked");
    // What is asked first comes first: the problem, then what belongs to it.
    if (!chosen) bar.textContent = said;
    else if (missing.length) bar.textContent = bar.dataset.some.replace("{names}", names(missing, bar));
    else bar.textContent = next(form, bar) ?? bar.dataset.none;
  };
  form.addEventListener("input", refresh);
  document.addEventListener("makegood:uploaded", refresh);
  document.addEventListener("htmx:afterSwap", refresh);
  refresh();
}

// What the chosen reason will ask for on the next page, while only the first is shown.
function next(form, bar) {
  const items = form.querySelectorAll("#evidence .need > li");
  const ahead = items.length > 0 && !isShown(items[0]) && form.dataset.at === "1";
  return ahead ? bar.dataset.next.replace("{n}", items.length) : null;
}

// How many of the required items are there, beside the heading; the way round goes when all are.
function count(form) {
  const items = [...form.querySelectorAll("#evidence [data-required-for]")];
  const done = items.filter((item) => !isMissing(item)).length;
  const place = form.querySelector("[data-required-done]");
  if (place) {
    place.textContent = place.dataset.text.replace("{all}", items.length).replace("{done}", done);
  }
  form.querySelectorAll("[data-later]").forEach((part) => {
    part.hidden = done === items.length;
  });
}

const isShown = (element) => element.offsetParent !== null;

const names = (missing, bar) =>
  missing.map((item) => item.dataset.requiredFor).join(bar.dataset.comma ?? ", ");

function isMissing(item) {
  const text = item.querySelector("input[type=text], textarea");
  if (text) return text.value.trim() === "";
  return item.querySelectorAll(".file[data-s=done]").length === 0;
}
