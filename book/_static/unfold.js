// The theme gives scrolling code a tab stop when the page loads or is resized; do the same when something is unfolded.
for (const event of ["toggle", "click"]) {
  document.addEventListener(event, () => window.dispatchEvent(new Event("resize")), true);
}
