// The sheet of keys: what they do, and other keys for whoever wants them.

import { element } from "./dom.js";
import { ACTIONS } from "./keys.js";

export class Sheet {
  constructor(view, keys) {
    this.view = view;
    this.keys = keys;
    this.dialog = view.find(".help");
    this.changing = null; // {does, pressed}: waiting for a key
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => this.click(event));
    this.draw();
  }

  get isOpen() {
    return this.dialog.open;
  }

  toggle() {
    if (this.isOpen) this.dialog.close();
    else {
      this.say("");
      this.dialog.showModal();
    }
  }

  closed() {
    this.stop();
    this.view.deck.focus({ preventScroll: true });
  }

  draw() {
    const changing = this.changing?.does;
    const rows = ACTIONS.map(({ does, says }) =>
      element(
        "div",
        { class: "row", role: "listitem" },
        element("span", { class: "says", text: says }),
        element("kbd", { text: changing === does ? "…" : this.keys.print(does) }),
        element("button", {
          type: "button",
          "data-change": does,
          "aria-label": `Change the key: ${says}`,
          "aria-pressed": String(changing === does),
          text: changing === does ? "Press a key" : "Change",
        }),
      ),
    );
    const focused = this.view.root.activeElement?.dataset?.change;
    this.view.find(".keys").replaceChildren(...rows);
    if (focused && this.isOpen) this.view.find(`[data-change="${focused}"]`).focus();
    this.view.find("[data-reset]").disabled = ACTIONS.every(({ does }) => this.keys.isUsual(does));
  }

  say(text) {
    this.view.text(".help .told", text);
  }

  click({ target }) {
    if (target.closest("[data-reset]")) {
      this.stop();
      this.tell(this.keys.reset(), "The usual keys are back.");
      return;
    }
    const does = target.closest("[data-change]")?.dataset.change;
    if (!does) return;
    const again = this.changing?.does === does;
    this.stop();
    if (!again) this.start(does);
  }

  start(does) {
    this.changing = { does, pressed: [] };
    const needs = this.keys.needs(does);
    const { says } = ACTIONS.find((action) => action.does === does);
    this.say(needs > 1 ? `${says}: press the ${needs} keys, one after the other.` : `${says}: press the new key.`);
    this.draw();
  }

  stop() {
    if (!this.changing) return;
    this.changing = null;
    this.say("");
    this.draw();
  }

  // True: the key press was for the sheet.
  key(event) {
    if (!this.changing) return false;
    if (event.key === "Tab") {
      this.stop();
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || this.keys.isHalf(event)) return true;
    if (event.key === "Escape") this.stop();
    else this.take(event);
    return true;
  }

  take(event) {
    const { does, pressed } = this.changing;
    const refusal = this.keys.refusal(does, event, pressed);
    if (refusal) return this.say(refusal);
    pressed.push(event);
    const left = this.keys.needs(does) - pressed.length;
    if (left) return this.say(`${left} more.`);
    this.changing = null;
    this.tell(this.keys.bind(does, pressed), `From now on: ${this.keys.print(does)}.`);
  }

  tell(kept, text) {
    this.draw();
    this.say(kept ? text : `${text} This browser does not keep it for the next visit.`);
  }
}
