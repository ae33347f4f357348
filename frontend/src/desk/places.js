// The bar of places on a phone begins where the page is. Newer browsers do it from the style sheet.
export function startPlaces() {
  const bar = document.querySelector(".mob-many");
  const here = bar?.querySelector("[aria-current]");
  if (here) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}
