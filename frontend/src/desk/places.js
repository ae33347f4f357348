// The bar of places and the steps of the first run, pushed sideways on a phone, begin where the page
// is; so do the places at the left where they are more than the window is high. Newer browsers move
// the bar from the style sheet already.
export function startPlaces() {
  for (const here of document.querySelectorAll(".mob-many > [aria-current], .vsteps > [data-s=now]")) {
    const bar = here.parentElement.getBoundingClientRect();
    const place = here.getBoundingClientRect();
    here.parentElement.scrollLeft += place.left - bar.left - (bar.width - place.width) / 2;
  }
  document.querySelector(".side > [aria-current]")?.scrollIntoView({ block: "nearest" });
}
