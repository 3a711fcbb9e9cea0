// Comforts on the page of a ballot, which works without them: keys 1 to 4 go to a choice, selected words are entered.
"use strict";

const choices = [...document.querySelectorAll(".vote button")];
const reasons = document.querySelector(".why");
document.getElementById("keys").hidden = false;
document.getElementById("marking").hidden = false;

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) event.preventDefault(); // it would send the form
  const writing = event.target.closest("textarea, input:not([type=checkbox])");
  if (writing || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  choices[Number(event.key) - 1]?.focus(); // a vote cannot be taken back: a key pressed by mistake must not give one
});

for (const side of ["left", "right"]) {
  const text = document.getElementById(`${side}-text`);
  const words = document.getElementById(`${side}-words`);
  const use = document.getElementById(`${side}-use`);
  let marked = "";

  const look = () => {
    const chosen = document.getSelection();
    const inside = !chosen.isCollapsed && text.contains(chosen.anchorNode) && text.contains(chosen.focusNode);
    const selected = inside ? chosen.toString().replace(/\s+/g, " ").trim() : "";
    if (selected) marked = selected; // kept when a tap on the button ends the selection
    use.disabled = !marked;
    return selected;
  };
  const enter = () => {
    const together = words.value.trim() ? `${words.value.trim()} … ${marked}` : marked;
    if (marked && !words.value.includes(marked)) words.value = together.slice(0, words.maxLength);
  };

  use.hidden = false;
  use.addEventListener("click", enter);
  document.addEventListener("selectionchange", look);
  text.addEventListener("pointerdown", (down) => {
    if (down.pointerType !== "mouse") return; // by touch a selection grows bit by bit: only the button says that it is done
    document.addEventListener("pointerup", () => setTimeout(() => { if (reasons.open && look()) enter(); }), { once: true });
  });
}
