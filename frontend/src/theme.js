// The theme switch without a page load; the form behind it does the same without script.
export function startTheme() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-theme-next]");
    if (!button) return;
    event.preventDefault();
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const now = root.dataset.theme || system;
    const next = now === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    document.cookie = `mg_theme=${next};path=/;max-age=31536000;samesite=lax${
      location.protocol === "https:" ? ";secure" : ""
    }`;
  });
}
