// Keys, mouse and touch: what each press does, and when it is none of the deck's business.

import { isChord, isField } from "./keys.js";

const ANYWHERE = new Set(["undo", "help", "grid", "revisit"]); // what the grid leaves to the deck

export class Controls {
  constructor(deck) {
    this.deck = deck;
    document.addEventListener("keydown", (event) => this.key(event), true);
  }

  click(event) {
    const { deck } = this;
    const control = event.target.closest("[data-do]");
    if (!control || control.disabled) return;
    const { name, seq, index, number } = control.dataset;
    const whole = (text) => (text === undefined ? undefined : Number(text));
    deck.pressed = event.timeStamp;
    this.act(control.dataset.do, { name, seq: whole(seq), index: whole(index), number: whole(number), event });
    if (isField(deck.root.activeElement) || deck.sheet.isOpen || deck.zoom.isOn || deck.grid.isOn) return;
    deck.view.deck.focus({ preventScroll: true });
  }

  key(event) {
    const { deck } = this;
    if (!deck.visible || deck.sheet.key(event)) return;
    const path = event.composedPath();
    const [target] = path;
    const inside = path.includes(deck.view.deck);
    if (isField(target) || !(inside || target === document.body)) return;
    const action = deck.keys.actionOf(event, { grid: deck.grid.isOn });
    // Streamlit reruns the page on r and opens a dialog on c: not while somebody is judging
    if (action || (inside && !isChord(event) && event.key.length === 1)) event.stopPropagation();
    if (deck.sheet.isOpen && action?.does !== "help") return;
    if (deck.zoom.isOn && deck.zoom.key(event)) event.preventDefault();
    else if (action) this.press(event, action, target);
  }

  press(event, { does, number, fixed }, target) {
    const { deck } = this;
    const isButton = target instanceof HTMLButtonElement;
    if (fixed && (isButton || target.closest("dialog"))) return; // Enter presses it, Escape closes it
    if (isButton && event.key === " ") target.blur();
    event.preventDefault();
    if (event.repeat) return;
    deck.pressed = event.timeStamp;
    this.act(does, { number, name: deck.items.current?.choices[number - 1]?.[0], event });
  }

  act(does, { seq, ...more }) {
    const { deck } = this;
    if (deck.stopped) return deck.view.speak(deck.view.find(".trouble").textContent);
    if (deck.view.deck.dataset.mode === "grid") {
      if (deck.grid.act(does, more) || !ANYWHERE.has(does)) return;
    } else if (deck.several.act(does, more)) return;
    const item = deck.items.shows(deck.items.current) ? deck.items.current : null;
    const acts = {
      suggestion: () => deck.choose(item?.suggested),
      keep: () => deck.decide("keep"),
      choice: () => deck.choose(more.name),
      both: () => item?.suggested && deck.decide("several", [item.given, item.suggested]),
      several: () => item && deck.several.start(item),
      none: () => deck.decide("none_fits"),
      unsure: () => deck.decide("unsure"),
      skip: () => deck.decide("skip"),
      exclude: () => deck.exclude(),
      enter: () => deck.goThrough(),
      undo: () => deck.undo(),
      revisit: () => deck.revisit(seq),
      search: () => item && deck.search.field.focus(),
      note: () => item && deck.note.field.focus(),
      help: () => deck.sheet.toggle(),
      grid: () => deck.toggleGrid(),
      zoom: () => (deck.zoom.isOn ? deck.zoom.close() : deck.zoom.open(item)),
      details: () => deck.details(item),
      right: () => deck.step(1),
      down: () => deck.step(1),
      left: () => deck.step(-1),
      up: () => deck.step(-1),
    };
    acts[does]?.();
  }
}
