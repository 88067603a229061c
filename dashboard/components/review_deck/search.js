// Choosing any class by typing: thousands of names, fetched once, filtered here.

import { element } from "./dom.js";

const SHOWN = 8;

export class Search {
  constructor(view, choose) {
    this.field = view.find(".search input");
    this.box = view.find(".found");
    this.choose = choose;
    this.names = null;
    this.field.addEventListener("focus", () => this.load());
    this.field.addEventListener("input", () => this.filter());
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150)); // a click on a name comes first
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.take(row.dataset.name);
    });
    this.leave = () => view.deck.focus({ preventScroll: true });
  }

  async load() {
    if (this.names || !this.url) return;
    try {
      const answer = await fetch(this.url);
      if (answer.ok) this.names = await answer.json();
    } catch {
      this.names = null; // asked for again at the next focus
    }
    this.filter();
  }

  filter() {
    const asked = this.field.value.trim().toLowerCase();
    if (!asked || !this.names) return this.close();
    const rank = (name) => {
      const at = name.toLowerCase().indexOf(asked);
      return at < 0 ? null : at === 0 ? 0 : /\W/.test(name[at - 1]) ? 1 : 2;
    };
    const hits = [];
    for (const name of this.names) {
      const value = rank(name);
      if (value !== null) hits.push([value, name]);
    }
    hits.sort((one, other) => one[0] - other[0] || one[1].length - other[1].length);
    this.found = hits.slice(0, SHOWN).map(([, name]) => name);
    this.at = 0;
    this.draw(hits.length);
  }

  draw(total) {
    const rows = this.found.map((name, index) =>
      element("div", {
        role: "option",
        id: `found-${index}`,
        "aria-selected": String(index === this.at),
        "data-name": name,
        text: name,
        title: name,
      }),
    );
    if (!total) rows.push(element("div", { class: "none", text: "No class has this in its name." }));
    if (total > SHOWN) rows.push(element("div", { class: "none", text: `and ${total - SHOWN} more: type on` }));
    this.box.replaceChildren(...rows);
    this.box.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    this.field.setAttribute("aria-activedescendant", `found-${this.at}`);
  }

  key(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      this.field.value = "";
      this.close();
      this.leave();
    } else if (event.key === "Enter" && !event.isComposing && !this.box.hidden && this.found?.length) {
      this.take(this.found[this.at]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (this.found?.length) this.at = (this.at + step + this.found.length) % this.found.length;
      for (const [index, row] of [...this.box.querySelectorAll("[role=option]")].entries()) {
        row.setAttribute("aria-selected", String(index === this.at));
      }
      this.field.setAttribute("aria-activedescendant", `found-${this.at}`);
    } else return;
    event.preventDefault();
  }

  take(name) {
    this.field.value = "";
    this.close();
    this.leave();
    this.choose(name);
  }

  close() {
    this.box.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }
}
