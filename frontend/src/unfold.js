// Folds that stand in somebody's way: of what a link points into, and of a page that is printed.
// Newer browsers open the first by themselves; paper has nothing to press.
export function startUnfold() {
  openTarget();
  addEventListener("hashchange", openTarget);
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(openForPaper));
  addEventListener("afterprint", () => document.querySelectorAll("details[data-for-paper]").forEach(closeAgain));
}

function openTarget() {
  const target = document.querySelector(":target");
  if (!target) return;
  let opened = false;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    opened ||= !fold.open;
    fold.open = true;
  }
  if (opened) target.scrollIntoView();
}

function openForPaper(fold) {
  fold.open = true;
  fold.dataset.forPaper = "";
}

function closeAgain(fold) {
  fold.open = false;
  delete fold.dataset.forPaper;
}
