// Drafts: what a person types is kept on this device at once and on the server a moment later.
const SAVE_AFTER_MS = 800;
const keyOf = (form) => `makegood:draft:${form.dataset.draft}`;
const kept = new Set(["text", "textarea", "radio", "checkbox", "select-one", "number", "tel"]);

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && !field.name.startsWith("_") && kept.has(field.type));

function read(form) {
  const values = {};
  for (const field of fieldsOf(form)) {
    if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
    (values[field.name] ??= []).push(field.value);
  }
  return values;
}

function fill(form, values) {
  for (const field of fieldsOf(form)) {
    const wanted = values[field.name];
    if (field.type === "radio" || field.type === "checkbox") {
      field.checked = Boolean(wanted?.includes(field.value));
    } else if (wanted && !field.value) {
      field.value = wanted[0];
    }
  }
}

function keep(form) {
  try {
    localStorage.setItem(keyOf(form), JSON.stringify({ at: Date.now(), values: read(form) }));
  } catch {
    // A full or forbidden storage: the server's copy is enough.
  }
}

async function send(form) {
  if (!navigator.onLine || !form.dataset.draftUrl) return;
  const body = new FormData(form);
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
  try {
    const answer = await fetch(form.dataset.draftUrl, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { "HX-Request": "true" },
    });
    if (answer.ok) form.dataset.draftSaved = "";
  } catch {
    form.removeAttribute("data-draft-saved");
  }
}

export function startDrafts() {
  document.querySelectorAll("form[data-draft]").forEach((form) => {
    let timer = 0;
    try {
      const stored = JSON.parse(localStorage.getItem(keyOf(form)) ?? "null");
      // Only what the server has never seen: a draft typed while the line was down.
      if (stored && stored.at > Date.parse(form.dataset.draftAt || "1970-01-01T00:00:00Z")) fill(form, stored.values);
    } catch {
      localStorage.removeItem(keyOf(form));
    }
    form.addEventListener("input", () => {
      keep(form);
      clearTimeout(timer);
      timer = setTimeout(() => send(form), SAVE_AFTER_MS);
    });
    document.addEventListener("makegood:online", () => send(form));
    form.addEventListener("submit", (event) => {
      if (!navigator.onLine) {
        event.preventDefault();
        keep(form);
        document.documentElement.dataset.net = "off";
        return;
      }
      if (event.submitter?.value === "submit") localStorage.removeItem(keyOf(form));
    });
  });
}
