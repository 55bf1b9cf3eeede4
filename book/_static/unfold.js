// The theme gives scrolling code a tab stop when the page loads or is resized; do the same when something is unfolded.
for (const event of ["toggle", "click"]) {
  document.addEventListener(event, () => window.dispatchEvent(new Event("resize")), true);
}

// What is wider than its column scrolls in its box: the box says so (book.css), and the keyboard reaches it.
const boxes = new ResizeObserver((changes) => {
  for (const { target: box } of changes) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    box.toggleAttribute("data-scrolls", scrolls);
    if (scrolls) box.tabIndex = 0;
    else if (!box.matches("pre")) box.removeAttribute("tabindex");
  }
});
window.addEventListener("load", () => {
  const wide = ".bd-article pre, .bd-article .formula, .bd-article .text_html, .bd-article .pst-scrollable-table-container";
  document.querySelectorAll(wide).forEach((box) => boxes.observe(box));
});

// A link to something in a fold opens the fold.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = target?.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true;
  if (target?.closest("details")) target.scrollIntoView();
}
for (const event of ["load", "hashchange"]) window.addEventListener(event, openTarget);
