// What each key does, in one table: the deck acts on it and the help sheet prints it.

export const KEYS = [
  { keys: ["a", " "], does: "suggestion", print: "A or Space", says: "Change to the suggested class" },
  { keys: ["k"], does: "keep", print: "K", says: "Keep the given label" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], does: "choice", print: "1 … 9", says: "Choose from the list" },
  { keys: ["/"], does: "search", print: "/", says: "Search any class, Enter takes it" },
  { keys: ["b"], does: "both", print: "B", says: "Both labels fit" },
  { keys: ["n"], does: "none", print: "N", says: "No label fits" },
  { keys: ["s"], does: "skip", print: "S", says: "Skip: decide nothing about this image" },
  { keys: ["u", "Backspace"], does: "undo", print: "U or Backspace", says: "Take the last decision back" },
  { keys: ["ArrowRight", "ArrowDown"], does: "next", print: "→", says: "Next image, without deciding" },
  { keys: ["ArrowLeft", "ArrowUp"], does: "previous", print: "←", says: "Back to the image before" },
  { keys: ["?"], does: "help", print: "?", says: "Show or hide these keys" },
];

const BY_KEY = new Map(KEYS.flatMap((entry) => entry.keys.map((key) => [key, entry.does])));

const FIELDS = new Set(["INPUT", "TEXTAREA", "SELECT"]);

export function isField(node) {
  return node instanceof HTMLElement && (FIELDS.has(node.tagName) || node.isContentEditable);
}

// The action of a key press, or null. Capital letters count: Caps Lock should not make the deck deaf.
export function actionOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const does = BY_KEY.get(key);
  return does ? { does, number: does === "choice" ? Number(key) : 0 } : null;
}
