// What a page of the grid looks like: the question, two ways to answer it, 24 thumbnails and what is booked for each.
// It also knows which of the thumbnails were really on the screen.

import { element } from "./dom.js";

const TINY = 96; // px
const ROOM = [[880, 8], [640, 6], [420, 4], [0, 3]]; // width in px from which so many columns fit

// Shape and words say it, never the colour alone.
const SAYS = {
  undecided: () => ["·", "undecided"],
  exception: () => ["≠", "exception"],
  change: ({ suggested }) => ["→", suggested],
  keep: ({ given }) => ["=", given],
  none: () => ["∅", "none fits"],
  both: () => ["+", "both fit"],
  unsure: () => ["?", "unsure"],
  open: () => ["○", "left open"],
  broken: () => ["✕", "left open"],
};

// The deck writes the key that does it, and keeps it right when keys are bound anew.
const key = (does) => element("kbd", { "data-key": does });

const button = (does, attributes, ...children) =>
  element("button", { type: "button", "data-do": does, ...attributes }, ...children);

export class GridPage {
  constructor(deck, changed) {
    this.deck = deck;
    this.view = deck.view;
    this.changed = changed;
    this.pictures = new Map(); // image id -> img, of this page and the next
    this.painted = new Set();
    this.onScreen = new Set();
    this.broken = new Set();
    this.seenAt = new Map(); // image id -> when it was first painted and on the screen
    this.cells = [];
    this.build();
    this.watch = new IntersectionObserver((entries) => this.crossed(entries), { threshold: 0.5 });
    new ResizeObserver(() => this.arrange()).observe(this.root);
  }

  build() {
    const way = (does) => button(does, { "aria-pressed": "false" }, key(does), element("span", { class: "text" }));
    const ways = { class: "ways", role: "group", "aria-label": "What is booked for the unmarked images" };
    const cells = { class: "cells", role: "grid", "aria-label": "Images of this page", "aria-multiselectable": "true" };
    const sum = element("span", { class: "sum" });
    const enter = button("enter", { class: "enter" }, element("kbd", { text: "Enter" }), sum);
    this.root = this.view.find(".grid");
    this.root.replaceChildren(
      element("p", { class: "pair" }),
      element("p", { class: "question" }),
      element("div", ways, way("suggestion"), way("keep")),
      element("div", cells),
      element("div", { class: "foot" }, enter, element("p", { class: "told", role: "status" })),
      element("div", { class: "foot" }, ...this.marking()),
    );
    this.view.printKeys(this.deck.keys);
    this.find = (selector) => this.root.querySelector(selector);
  }

  marking() {
    const marks = [
      ["toggle", "Exception"],
      ["none", "None fits"],
      ["both", "Both fit"],
      ["unsure", "Unsure"],
      ["skip", "Leave open"],
      ["zoom", "Enlarge"],
      ["undo", "Undo"],
      ["grid", "Single"],
    ];
    return marks.map(([does, text]) => button(does, {}, key(does), element("span", { text })));
  }

  get isOn() {
    return !this.root.hidden;
  }

  hide() {
    this.root.hidden = true;
    this.shown = null;
  }

  // -- the thumbnails ------------------------------------------------------------------------------------------------
  show(page, ahead, at) {
    this.root.hidden = false;
    this.find(".cells").hidden = !page.length;
    const shown = page.map((item) => item.id).join("\n");
    if (shown === this.shown) return;
    const isNew = page[0]?.id !== this.shown?.split("\n")[0];
    const inside = this.view.root.activeElement;
    const free = inside || document.activeElement === document.body;
    const follow = this.cells.includes(inside) || (isNew && free);
    this.shown = shown;
    this.arranged = null;
    this.watch.disconnect();
    this.forget(new Set([...page, ...ahead].map((item) => item.id)));
    if (isNew) this.tell("");
    this.cells = page.map((item, index) => this.cell(item, index, page.length));
    this.arrange();
    for (const item of ahead) this.picture(item); // fetched before they are needed
    for (const cell of this.cells) this.watch.observe(cell);
    if (follow) this.cells[at]?.focus({ preventScroll: true }); // but nobody is pulled out of a field of the page
  }

  forget(keep) {
    for (const known of [this.pictures, this.painted, this.broken]) {
      for (const id of known.keys()) if (!keep.has(id)) known.delete(id);
    }
    this.seenAt.clear(); // what counts is to be seen on this page
    this.onScreen.clear();
  }

  picture(item) {
    const known = this.pictures.get(item.id);
    if (known) return known;
    const image = element("img", { alt: "", draggable: "false", decoding: "sync" }); // painted with its page
    image.onload = () => {
      image.classList.toggle("tiny", Math.max(image.naturalWidth, image.naturalHeight) <= TINY);
      // two frames: the first one paints it
      requestAnimationFrame(() => requestAnimationFrame(() => this.arrived(item.id)));
    };
    image.onerror = () => {
      this.broken.add(item.id);
      this.changed();
    };
    this.pictures.set(item.id, image);
    if (item.thumb) image.src = item.thumb;
    else this.broken.add(item.id);
    return image;
  }

  cell(item, index, total) {
    const shape = element("span", { class: "shape", "aria-hidden": "true" });
    const cell = element(
      "div",
      { class: "cell", role: "gridcell", tabindex: "-1", "data-do": "cell", "data-index": index, "data-id": item.id },
      element("span", { class: "frame" }, this.picture(item)),
      element("span", { class: "fate" }, shape, element("span", { class: "words" })),
    );
    cell.item = item;
    cell.about = `Image ${index + 1} of ${total}, ${item.id}`;
    return cell;
  }

  // A grid of rows, as a screen reader expects it; how many fit in one depends on the width.
  arrange() {
    const width = this.root.clientWidth;
    this.columns = ROOM.find(([from]) => width >= from)[1];
    const box = this.find(".cells");
    const arranged = `${this.columns} ${this.shown}`;
    if (arranged === this.arranged) return;
    this.arranged = arranged;
    const focused = this.cells.find((cell) => cell === this.view.root.activeElement);
    box.style.setProperty("--columns", this.columns);
    const rows = [];
    for (let start = 0; start < this.cells.length; start += this.columns) {
      rows.push(element("div", { role: "row" }, ...this.cells.slice(start, start + this.columns)));
    }
    box.replaceChildren(...rows);
    focused?.focus({ preventScroll: true });
  }

  // -- what was seen -----------------------------------------------------------------------------------------------
  crossed(entries) {
    for (const { target, isIntersecting } of entries) if (isIntersecting) this.onScreen.add(target.dataset.id);
    this.noteSeen();
  }

  arrived(id) {
    this.painted.add(id);
    this.noteSeen();
  }

  noteSeen() {
    const now = performance.now();
    for (const { dataset } of this.cells) {
      const { id } = dataset;
      const seen = this.broken.has(id) || (this.painted.has(id) && this.onScreen.has(id));
      if (seen && !this.seenAt.has(id)) this.seenAt.set(id, now);
    }
    this.deck.saw(this.cells.filter(({ dataset }) => this.seenAt.has(dataset.id)).map(({ item }) => item));
    this.changed();
  }

  isBroken(id) {
    return this.broken.has(id);
  }

  unseen() {
    const ids = this.cells.map((cell) => cell.dataset.id).filter((id) => !this.broken.has(id) && !this.seenAt.has(id));
    const loading = ids.filter((id) => !this.painted.has(id)).length;
    return { loading, below: ids.length - loading };
  }

  // How long (ms) the page has been on the screen with its last image.
  shownFor() {
    return performance.now() - Math.max(...this.cells.map((cell) => this.seenAt.get(cell.dataset.id) ?? 0));
  }

  scrollToUnseen() {
    this.cells.find((cell) => !this.seenAt.has(cell.dataset.id))?.scrollIntoView({ block: "start" });
  }

  // -- what is said --------------------------------------------------------------------------------------------------
  drawCells({ page, fates, main, at }) {
    this.drawQuestion(page[0], main);
    for (const [index, cell] of this.cells.entries()) {
      const { code, own } = fates[index];
      const [shape, words] = SAYS[code](page[index]);
      cell.dataset.fate = code;
      cell.classList.toggle("own", Boolean(own));
      cell.setAttribute("aria-selected", String(Boolean(own)));
      cell.tabIndex = index === at ? 0 : -1;
      cell.classList.toggle("at", index === at);
      this.put(cell.querySelector(".shape"), shape);
      this.put(cell.querySelector(".words"), words);
      cell.title = cell.querySelector(".words").textContent;
      cell.setAttribute("aria-label", `${cell.about}: ${this.words(index)}`);
    }
    this.drawSum(page[0], fates, main);
  }

  put(node, text) {
    const shown = element("span", { text }).textContent; // without marks that turn the direction of writing
    if (node.textContent !== shown) node.textContent = shown;
  }

  words(index) {
    const cell = this.cells[index];
    const how = { change: "changes to ", keep: "stays ", broken: "cannot be shown, " }[cell.dataset.fate] ?? "";
    return how + cell.querySelector(".words").textContent;
  }

  drawQuestion(first, main) {
    const [take, keep] = this.root.querySelectorAll(".ways .text");
    this.find(".ways").hidden = this.find(".enter").hidden = !first;
    this.put(this.find(".question"), this.question(first, main));
    const { given, suggested } = first ?? {};
    const other = suggested ? `suggested ${suggested}` : "nothing suggested";
    this.put(this.find(".pair"), first ? `Labelled ${given}, ${other}:` : "");
    if (!first) return;
    this.put(take, suggested ? `Change all to ${suggested}` : "No suggestion");
    this.put(keep, `Keep all as ${given}`);
    take.parentNode.disabled = !suggested;
    take.parentNode.setAttribute("aria-pressed", String(main === "change"));
    keep.parentNode.setAttribute("aria-pressed", String(main === "keep"));
  }

  question(first, main) {
    if (main && first) return `Which of these are not ${main === "change" ? first.suggested : first.given}?`;
    if (first) return "What are most of these?";
    const { complete } = this.deck.items;
    return complete ? "The images that are left are judged one at a time." : "Fetching the next images …";
  }

  drawSum(first, fates, main) {
    if (!first) return;
    const count = (...codes) => fates.filter(({ code }) => codes.includes(code)).length;
    const parts = [
      [count("change"), "change"],
      [count("keep"), "keep"],
      [count("none"), "none fits"],
      [count("both"), "both fit"],
      [count("unsure"), "unsure"],
      [count("open", "broken"), "left open"],
    ];
    const sum = parts.filter(([n]) => n).map(([n, what]) => `${n} ${what}`).join(", ");
    this.put(this.find(".sum"), main ? `Book the page: ${sum}` : "Book the page");
  }

  tell(text) {
    this.put(this.find(".told"), text);
  }

  focus(index) {
    this.cells[index]?.focus({ preventScroll: false });
  }
}
