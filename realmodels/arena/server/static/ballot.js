// Comforts on the page of a ballot, which works without them: the keys 1 to 4 vote, and selected words are entered.
"use strict";

const buttons = [...document.querySelectorAll(".vote button")];
const reasons = document.querySelector(".why");
document.getElementById("keys").hidden = false;
document.getElementById("marking").hidden = false;

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) event.preventDefault(); // it would send the form
  const writing = event.target.closest("textarea, input:not([type=checkbox])");
  if (writing || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const button = buttons[Number(event.key) - 1];
  if (button) button.click();
});

for (const side of ["left", "right"]) {
  const text = document.getElementById(`${side}-text`);
  const words = document.getElementById(`${side}-words`);
  document.addEventListener("pointerup", () => {
    const chosen = document.getSelection();
    if (!reasons.open || chosen.isCollapsed || !text.contains(chosen.anchorNode) || !text.contains(chosen.focusNode)) return;
    const marked = chosen.toString().replace(/\s+/g, " ").trim();
    const together = words.value.trim() ? `${words.value.trim()} … ${marked}` : marked;
    if (marked && !words.value.includes(marked)) words.value = together.slice(0, words.maxLength);
  });
}
