// The composer: drafts kept on this machine, ready-made replies, and a pending line at once.
const keyOf = (box) => `mg_draft:${box.dataset.draft}`;

function keep(box) {
  try {
    if (box.value) localStorage.setItem(keyOf(box), box.value);
    else localStorage.removeItem(keyOf(box));
  } catch {
    // Storage is full or not allowed: the text stays in the field.
  }
}

function restore(box) {
  try {
    const kept = localStorage.getItem(keyOf(box));
    if (kept && !box.value) box.value = kept;
  } catch {
    // Not allowed to read: nothing to restore.
  }
}

function applyReady(select) {
  const box = select.form?.querySelector("textarea");
  if (!box || !select.value) return;
  box.focus();
  box.select();
  // insertText keeps the browser's own undo working.
  if (!document.execCommand("insertText", false, select.value)) box.value = select.value;
  select.value = "";
  keep(box);
}

export function startComposer() {
  document.querySelectorAll("[data-draft]").forEach(restore);
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-draft]")) keep(event.target);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-ready]")) applyReady(event.target);
  });
  document.addEventListener("submit", (event) => {
    const box = event.target.querySelector?.("[data-draft]");
    if (box) setTimeout(() => localStorage.removeItem(keyOf(box)), 0);
  });
  const thread = document.getElementById("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
}
