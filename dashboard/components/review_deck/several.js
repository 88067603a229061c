// Several labels for one image: numbers, the search and the keys of the two labels choose, Enter books.

import { element } from "./dom.js";

const MOST = 20; // labels
const CHIP = { type: "button", class: "chip", "data-do": "drop" };

export class Several {
  constructor(view, book) {
    this.view = view;
    this.book = book; // called with the labels
    this.item = null;
    this.labels = [];
  }

  get isOn() {
    return this.item !== null;
  }

  start(item) {
    this.item = item;
    this.labels = [];
    this.draw();
    this.view.speak("Several labels: choose at least two. Enter books them, Escape leaves.");
  }

  leave() {
    if (!this.isOn) return;
    this.item = null;
    this.draw();
    this.view.speak("No labels were booked.");
  }

  // Another image came up: what was chosen was for the last one.
  follow(item) {
    if (this.isOn && this.item !== item) this.leave();
  }

  // True: the action was for the choice. What judges in one press does nothing here.
  act(does, { name } = {}) {
    if (!this.isOn) return false;
    const acts = {
      suggestion: () => this.toggle(this.item.suggested),
      keep: () => this.toggle(this.item.given),
      choice: () => this.toggle(name),
      drop: () => this.toggle(name),
      enter: () => this.finish(),
      escape: () => this.leave(),
      several: () => this.leave(),
    };
    const isOther = ["both", "none", "unsure", "skip"].includes(does);
    if (isOther) this.tell("Enter books the chosen labels, Escape leaves without.");
    acts[does]?.();
    return isOther || Boolean(acts[does]);
  }

  toggle(name) {
    if (!name) return;
    if (this.labels.includes(name)) this.labels = this.labels.filter((one) => one !== name);
    else if (this.labels.length >= MOST) return this.tell(`At most ${MOST} labels.`);
    else this.labels = [...this.labels, name];
    this.draw();
    this.view.speak(this.labels.length ? `Chosen: ${this.labels.join(", ")}.` : "Nothing is chosen.");
  }

  finish() {
    if (this.labels.length < 2) return this.tell("Choose at least two labels.");
    const { labels } = this;
    this.item = null;
    this.draw();
    this.book(labels);
  }

  tell(text) {
    this.view.text(".several .told", text);
    this.view.speak(text);
  }

  draw() {
    const { view, labels } = this;
    view.deck.classList.toggle("choosing", this.isOn);
    view.find(".several").hidden = !this.isOn;
    for (const row of view.find(".choices").children) {
      if (this.isOn) row.setAttribute("aria-pressed", String(labels.includes(row.dataset.name)));
      else row.removeAttribute("aria-pressed");
    }
    if (!this.isOn) return;
    const chips = labels.map((name) =>
      element(
        "button",
        { ...CHIP, "data-name": name, "aria-label": `Leave out ${name}`, title: name },
        element("span", { text: name }),
        element("span", { "aria-hidden": "true", text: "×" }),
      ),
    );
    const hint = element("span", { class: "hint", text: "Choose from the list, or search." });
    view.find(".chips").replaceChildren(...(chips.length ? chips : [hint]));
    view.find(".several [data-do=enter]").disabled = labels.length < 2;
    view.text(".several .told", labels.length < 2 ? "At least two labels." : `${labels.length} labels.`);
  }
}
