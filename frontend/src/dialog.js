// Dialogs, printing and copying: small things a page can do only with script, shown only then.
export function startDialogs() {
  document.documentElement.dataset.script = "on";
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog)?.showModal();
    }
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      event.target.closest("dialog")?.close();
    }
    if (event.target.closest("[data-print]")) print();
  });
}
