// The offline bar: appears when the network goes, and lets forms know when it is back.
export const isOffline = () => document.documentElement.dataset.net === "off";

export function startNet() {
  const root = document.documentElement;
  const show = () => {
    if (navigator.onLine) root.removeAttribute("data-net");
    else root.dataset.net = "off";
  };
  addEventListener("online", () => {
    show();
    document.dispatchEvent(new CustomEvent("makegood:online"));
  });
  addEventListener("offline", show);
  document.addEventListener("htmx:sendError", () => {
    if (!navigator.onLine) show();
  });
  show();
}
