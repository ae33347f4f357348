// What was typed comes back into its form when the answer is the same page with a refusal.

const KEY = "mg.typed";
const UNKEPT = new Set(["password", "file", "hidden", "submit", "button", "image", "reset"]);

const fieldsOf = (form) =>
  [...form.elements].filter(
    (field) => field.name && !UNKEPT.has(field.type) && field.autocomplete !== "one-time-code",
  );

// Several forms of a page may go to one address: their hidden fields and their names differ.
function markOf(form) {
  const fixed = [...form.elements].filter((one) => one.type === "hidden" && one.name !== "_token");
  const names = fieldsOf(form).map((field) => field.name);
  return [new URL(form.getAttribute("action") ?? "", location.href).pathname, ...fixed.map((one) => one.value), ...names].join("|");
}

function keep(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const values = fieldsOf(form).map((field) => [field.value, field.checked === true]);
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ mark: markOf(form), values }));
  } catch {
    // A browser that keeps nothing, or a text too long for it: the form is sent all the same.
  }
}

function taken() {
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return kept;
  } catch {
    return null;
  }
}

function bringBack(kept) {
  const form = [...document.forms].find((one) => markOf(one) === kept.mark);
  if (!form) return;
  fieldsOf(form).forEach((field, at) => {
    const [value, checked] = kept.values[at];
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
    else field.value = value;
  });
  form.closest("details")?.setAttribute("open", "");
}

export function startTyped() {
  document.addEventListener("submit", keep);
  const kept = taken();
  const [loaded] = performance.getEntriesByType("navigation");
  if (kept && loaded?.responseStatus >= 400) bringBack(JSON.parse(kept));
}
