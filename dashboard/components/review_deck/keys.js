// What each key does: one table, which the deck acts on and the help sheet shows. Every action can have other keys,
// kept in this browser.

import { lasting, read, write } from "./storage.js";

const STORED = "lookalike.keys";

// `grid`: an action of the grid alone, where its keys come before those of the others.
export const ACTIONS = [
  { does: "suggestion", keys: ["a", " "], says: "Change to the suggested class" },
  { does: "keep", keys: ["k"], says: "Keep the given label" },
  { does: "choice", keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], says: "Choose from the list" },
  { does: "search", keys: ["/"], says: "Search any class; Enter takes it" },
  { does: "both", keys: ["b"], says: "Both labels fit" },
  { does: "several", keys: ["m"], says: "Several labels fit: choose which, Enter books" },
  { does: "none", keys: ["n"], says: "No label fits" },
  { does: "unsure", keys: ["d"], says: "Don't know: it cannot be told from the image" },
  { does: "skip", keys: ["s"], says: "Skip: decide later, or leave it to others" },
  { does: "exclude", keys: ["x"], says: "Exclude from training, or include again" },
  { does: "note", keys: ["e"], says: "Write a note for the next decision" },
  { does: "undo", keys: ["u", "Backspace"], says: "Take back the last step" },
  { does: "right", keys: ["ArrowRight"], says: "Next image, without deciding" },
  { does: "left", keys: ["ArrowLeft"], says: "Back to the image before" },
  { does: "down", keys: ["ArrowDown"], says: "Next image; in the grid a row down" },
  { does: "up", keys: ["ArrowUp"], says: "The image before; in the grid a row up" },
  { does: "grid", keys: ["g"], says: "Grid of images, or one at a time" },
  { does: "toggle", keys: [" "], says: "In the grid: mark the exception", grid: true },
  { does: "zoom", keys: ["z"], says: "Large view of the image" },
  { does: "details", keys: ["i"], says: "All that is known of the image; Escape leads back" },
  { does: "help", keys: ["?"], says: "Show or hide these keys" },
];
const FIXED = { Enter: "enter", Escape: "escape" };
const NAMES = { " ": "Space", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" };
const NOT_FREE = new Set(["Tab", "Enter", "Escape", "Dead", "Process", "Unidentified"]);
const ALONE = /^(Shift|Control|Alt|AltGraph|Meta|OS|Fn|FnLock|Hyper|Super|Symbol|(Symbol|Caps|Num|Scroll)Lock)$/;
const FIELDS = new Set(["INPUT", "TEXTAREA", "SELECT"]);

export function isField(node) {
  return node instanceof HTMLElement && (FIELDS.has(node.tagName) || node.isContentEditable);
}

// Capital letters count: Caps Lock should not make the deck deaf.
const nameOf = (key) => (key.length === 1 ? key.toLowerCase() : key);

export const isChord = (event) => event.ctrlKey || event.metaKey || event.altKey;

export function printed(key) {
  const upper = key.toUpperCase();
  return NAMES[key] ?? (key.length === 1 && upper.length === 1 ? upper : key);
}

export class Keys {
  constructor(changed) {
    this.changed = changed;
    this.load();
    addEventListener("storage", ({ key }) => {
      if (key !== STORED) return;
      this.load(); // changed in another tab
      this.changed();
    });
  }

  load() {
    const own = read(lasting, STORED);
    this.use(isSound(own) ? own : {});
    if (hasClash(this.keys)) this.use({});
  }

  use(own) {
    this.own = own;
    this.keys = new Map(ACTIONS.map(({ does, keys }) => [does, own[does] ?? keys]));
  }

  of(does) {
    return this.keys.get(does) ?? [];
  }

  print(does) {
    if (does === "choice") return this.isUsual("choice") ? "1 … 9" : this.of(does).map(printed).join(" ");
    return this.of(does).map(printed).join(" or ");
  }

  // The key on a control, where there is room for one.
  short(does, at = 0) {
    const key = this.of(does)[at];
    return key === undefined ? "" : printed(key);
  }

  isUsual(does) {
    return !this.own[does];
  }

  // The action of a key press, or null.
  actionOf(event, { grid = false } = {}) {
    if (isChord(event) || event.isComposing) return null;
    const key = nameOf(event.key);
    if (FIXED[key]) return { does: FIXED[key], fixed: true };
    const uses = ACTIONS.filter((action) => (grid || !action.grid) && this.of(action.does).includes(key));
    const action = uses.find((one) => one.grid) ?? uses[0];
    if (!action) return null;
    return { does: action.does, number: action.does === "choice" ? this.of("choice").indexOf(key) + 1 : 0 };
  }

  // How many keys an action needs.
  needs(does) {
    return does === "choice" ? this.of("choice").length : 1;
  }

  // Why an action cannot have this key, or "". `chosen`: presses it was given just now.
  refusal(does, event, chosen = []) {
    const key = nameOf(event.key);
    if (isChord(event)) return "A key alone, please, without Ctrl, Alt or Cmd.";
    if (NOT_FREE.has(key)) return `${printed(key)} cannot be changed: it keeps its meaning.`;
    const isTwice = chosen.some((one) => nameOf(one.key) === key);
    if (isTwice) return `${printed(key)} was pressed already: choose another key.`;
    const isGrid = ACTIONS.some((action) => action.does === does && action.grid);
    const rivals = ACTIONS.filter((action) => action.does !== does && (isGrid || !action.grid));
    const user = rivals.find((action) => this.of(action.does).includes(key));
    return user ? `${printed(key)} is in use: ${user.says}.` : "";
  }

  // Is this only the first half of a press, such as Shift before a letter?
  isHalf(event) {
    return ALONE.test(event.key);
  }

  // True when it was kept for the next visit as well.
  bind(does, events) {
    this.use({ ...this.own, [does]: events.map((event) => nameOf(event.key)) });
    return this.save();
  }

  reset() {
    this.use({});
    return this.save();
  }

  save() {
    const kept = write(lasting, STORED, Object.keys(this.own).length ? this.own : null);
    this.changed();
    return kept;
  }
}

const isFree = (key) => !NOT_FREE.has(key) && !ALONE.test(key);

// Is this what we stored? Anybody can write into a browser's storage.
function isSound(own) {
  if (typeof own !== "object" || own === null || Array.isArray(own)) return false;
  return Object.entries(own).every(([does, keys]) => {
    const action = ACTIONS.find((one) => one.does === does);
    const most = does === "choice" ? action?.keys.length : 1;
    if (!action || !Array.isArray(keys) || keys.length !== most) return false;
    return keys.every((key) => typeof key === "string" && key && key.length <= 20 && isFree(key));
  });
}

// Has one key two meanings at the same time?
function hasClash(keys) {
  const used = ACTIONS.filter((action) => !action.grid).flatMap(({ does }) => keys.get(does));
  return new Set(used).size < used.length;
}
