// One listener for the whole page: a plain click on any card [data-image] tells Python which image to show large, and
// in which list it stands. Anything but a plain click is left to the browser: the card is a link to the same view.

const INPUTS = "input, textarea, select, [contenteditable], [role=tab], [role=slider], [role=radio]";

function card(event) {
  const path = event.composedPath().filter((node) => node instanceof Element);
  return path.find((node) => node.matches("a[data-image]"));
}

function isPlain(event) {
  return !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

export default function ({ parentElement, setTriggerValue }) {
  const opener = (parentElement.opener ??= {});
  opener.send = (found) => {
    setTriggerValue("opened", { row: Number(found.dataset.image), among: found.dataset.among ?? "" });
  };
  if (opener.stop) return opener.stop; // called again with every rerun: listen once

  const clicked = (event) => {
    const found = card(event);
    if (!found || !isPlain(event)) return;
    event.preventDefault();
    opener.send(found);
  };
  // in the large view the arrows go through the list it was opened from
  const pressed = (event) => {
    const step = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
    if (!step || !isPlain(event) || event.repeat || event.target.closest?.(INPUTS)) return;
    document.querySelector(`[role=dialog] .la-step a[data-step=${step}]`)?.click();
  };
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  opener.stop = () => {
    document.removeEventListener("click", clicked);
    document.removeEventListener("keydown", pressed);
    opener.stop = null;
  };
  return opener.stop;
}
