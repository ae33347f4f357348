// What is pushed sideways on a phone begins where the page is: the bar of places, the steps of the
// first run. Newer browsers do it from the style sheet.
export function startPlaces() {
  for (const here of document.querySelectorAll(".mob-many > [aria-current], .vsteps > [data-s=now]")) {
    const bar = here.parentElement.getBoundingClientRect();
    const place = here.getBoundingClientRect();
    here.parentElement.scrollLeft += place.left - bar.left - (bar.width - place.width) / 2;
  }
}
