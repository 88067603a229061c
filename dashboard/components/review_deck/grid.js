// Grid triage: one page of images of one pair and direction, judged as one question. The unmarked ones get the verdict
// that was chosen for all, marked ones their own; Enter books each of them as a decision of its own.

import { GridPage } from "./grid_page.js";
import { LOOK } from "./look.js";

export const PAGE = 24;
const OPPOSITE = { change: "keep", keep: "change" };
const MARKS = { none: "none", both: "both", unsure: "unsure", skip: "open" }; // what a key does -> the mark it sets
const STEPS = { left: () => -1, right: () => 1, up: (columns) => -columns, down: (columns) => columns };
const DECKS_OWN = new Set(["undo", "help", "grid", "revisit"]); // the same in both modes
const memories = new WeakMap(); // deck -> what a grid knew: the page of the app can be left and come back

// The verdict that will be booked for an image: {code, verdict, labels}; no verdict where it stays open.
export function fate(item, mark, main, shown) {
  if (!shown) return { code: "broken" };
  const code = mark === "exception" ? (OPPOSITE[main] ?? "exception") : (mark ?? main ?? "undecided");
  const verdicts = {
    change: ["relabel", [item.suggested]],
    keep: ["keep", []],
    none: ["none_fits", []],
    both: ["several", [item.given, item.suggested]],
    unsure: ["unsure", []],
  };
  const [verdict, labels] = verdicts[code] ?? [];
  return { code, verdict, labels, own: Boolean(mark) };
}

const pairOf = (item) => JSON.stringify([item.given, item.suggested]);

export class Grid {
  constructor(deck) {
    this.deck = deck;
    this.isOn = false;
    this.page = [];
    this.ahead = [];
    this.screen = new GridPage(deck, () => this.screen.isOn && this.drawCells());
    this.know = memories.get(deck) ?? {
      marks: new Map(), // image id -> its own mark; kept, so that a page that was taken back comes as it was
      passed: new Set(), // ids left open on a page that was booked: not shown again until the rest is done
      booked: new Map(), // id -> what had been chosen for its page
      pair: null,
      main: null, // "change" or "keep": what Enter books for the unmarked ones
      first: null, // id of the first image of the page
      at: 0, // the image under the cursor
    };
    memories.set(deck, this.know);
  }

  toggle() {
    const item = this.deck.items.current;
    if (!this.isOn && item && !item.thumb) {
      return this.deck.view.speak("The grid needs the images, and this data set was read without them.");
    }
    this.isOn = !this.isOn;
    this.know.passed.clear();
  }

  // -- the page ---------------------------------------------------------------------------------------------------
  draw(shown) {
    if (!shown) return this.screen.hide();
    this.page = this.nextPage();
    if (this.cameBack()) {
      this.page = [];
      this.page = this.nextPage();
    }
    this.turnTo(this.page[0]);
    const { at } = this.know;
    this.screen.show(this.page, this.ahead, at);
    this.drawCells();
    if (this.deck.zoom.isOn) this.deck.zoom.show(this.page[at], this.page[at] && this.screen.words(at));
  }

  // What is on the screen stays where it is: a page only grows, and loses what was judged or taken elsewhere.
  nextPage() {
    const found = this.findNext();
    const shown = new Map(this.page.map((item, index) => [item.id, index]));
    const place = (item) => shown.get(item.id) ?? PAGE;
    if (shown.has(found[0]?.id)) found.sort((one, other) => place(one) - place(other));
    this.ahead = found.slice(PAGE);
    return found.slice(0, PAGE);
  }

  // Images left open stay out until nothing else is left.
  findNext() {
    const { items } = this.deck;
    const { passed } = this.know;
    const isLeft = (item) => !item.purpose && !passed.has(item.id);
    const isNext = (item) => isLeft(item) && items.ready(item);
    if (items.complete && !items.list.some((item) => isLeft(item) && items.isWanted(item))) passed.clear();
    if (passed.has(items.current?.id)) {
      const after = (from) => items.list.findIndex((item, index) => index >= from && isNext(item));
      items.at = [after(items.at), after(0), items.at].find((index) => index >= 0);
    }
    return items.page(2 * PAGE + passed.size).filter(isNext);
  }

  // A page that was taken back is what it was: with the choice that was made for it and what was left open on it.
  cameBack() {
    const { know } = this;
    const before = this.page.map((item) => know.booked.get(item.id)).find(Boolean);
    if (!before) return false;
    Object.assign(know, { main: before.main, pair: pairOf(this.page[0]), first: this.page[0].id, at: 0 });
    for (const id of before.open) know.passed.delete(id);
    for (const item of this.page) know.booked.delete(item.id);
    return true;
  }

  // The choice stays for a pair; for a new one it is asked again.
  turnTo(first) {
    if (!first) return; // nothing to show for a moment is no new pair
    const { know } = this;
    const pair = pairOf(first);
    if (pair !== know.pair) know.main = null;
    if (first.id !== know.first) know.at = 0;
    Object.assign(know, { first: first.id, pair, at: Math.max(0, Math.min(know.at, this.page.length - 1)) });
  }

  fates() {
    const { marks, main } = this.know;
    return this.page.map((item) => fate(item, marks.get(item.id), main, !this.screen.isBroken(item.id)));
  }

  drawCells() {
    this.screen.drawCells({ page: this.page, fates: this.fates(), ...this.know });
  }

  // -- keys and clicks: true when they were for the grid; what judges a single image is never let through --------
  act(does, { index, event } = {}) {
    if (!this.isOn || DECKS_OWN.has(does)) return false;
    if (does === "escape") return false;
    const acts = {
      suggestion: () => this.choose("change"),
      keep: () => this.choose("keep"),
      toggle: () => this.mark("exception"),
      cell: () => this.press(index),
      enter: () => this.enter(),
      zoom: () => this.enlarge(),
      details: () => this.deck.details(this.page[this.know.at]),
    };
    if (does in STEPS) this.move(STEPS[does](this.screen.columns));
    else if (does in MARKS) this.mark(MARKS[does]);
    else if (acts[does]) acts[does]();
    else this.say("Here the keys are for the whole page: leave the grid to judge one image at a time.");
    if (event?.type === "click" && event.detail) this.screen.focus(this.know.at); // the keys work on after the mouse
    return true;
  }

  say(text) {
    this.screen.tell(text);
    this.deck.view.speak(text);
  }

  choose(main) {
    const [{ given, suggested } = {}] = this.page;
    if (!given) return;
    if (main === "change" && !suggested) return this.say("There is no suggestion for these images.");
    if (this.deck.zoom.isOn) return this.mark(main);
    this.know.main = main;
    this.drawCells();
    this.say(main === "change" ? `All unmarked ones change to ${suggested}.` : `All unmarked ones stay ${given}.`);
  }

  press(index) {
    this.know.at = index;
    this.mark("exception");
  }

  // Set a mark on the image under the cursor; the same one again takes it away.
  mark(mark) {
    const { marks, at } = this.know;
    const item = this.page[at];
    if (!item) return;
    if (this.screen.isBroken(item.id)) return this.say("This image cannot be shown: it stays open.");
    if (["both", "change"].includes(mark) && !item.suggested) return this.say("There is no suggestion for this image.");
    if (marks.get(item.id) === mark) marks.delete(item.id);
    else marks.set(item.id, mark);
    this.drawCells();
    this.under(at);
    this.say(`Image ${at + 1}: ${this.screen.words(at)}.`);
  }

  move(by) {
    const to = this.know.at + by;
    if (to < 0 || to >= this.page.length) return;
    this.know.at = to;
    this.drawCells();
    this.under(to);
  }

  // The image under the cursor has the focus, or stands in the large view.
  under(index) {
    if (this.deck.zoom.isOn) this.deck.zoom.show(this.page[index], this.screen.words(index));
    else this.screen.focus(index);
  }

  enlarge() {
    const { zoom } = this.deck;
    const item = this.page[this.know.at];
    if (zoom.isOn) return zoom.close();
    if (item && this.screen.isBroken(item.id)) return this.say("This image cannot be shown.");
    zoom.open(item);
  }

  // -- booking the page -------------------------------------------------------------------------------------------
  // Why the page cannot be booked now, or "". Nothing is booked unseen.
  obstacle() {
    if (this.deck.zoom.isOn) return "Close the large view first: Enter books the whole page.";
    if (!this.know.main) return "Nothing is booked yet: first choose above what the unmarked ones are.";
    const { loading, below } = this.screen.unseen();
    if (loading) return `${loading} of the images are not there yet: nothing is booked unseen.`;
    if (below) {
      this.screen.scrollToUnseen();
      return `${below} of the images were not on the screen yet: nothing is booked unseen.`;
    }
    return this.screen.shownFor() < LOOK ? "This is a new page: look at it first, then press Enter." : "";
  }

  enter() {
    if (!this.page.length) return;
    const obstacle = this.obstacle();
    if (obstacle) return this.say(obstacle);
    const { main, passed, booked } = this.know;
    const fates = this.fates();
    const isOurs = ({ item, verdict }) => verdict && this.deck.items.ready(item); // a lease may have run out just now
    const decided = this.page.map((item, i) => ({ item, ...fates[i] })).filter(isOurs);
    const open = this.page.filter((item, i) => !fates[i].verdict).map(({ id }) => id);
    for (const id of open) passed.add(id);
    for (const { item } of decided) booked.set(item.id, { main, open });
    const group = `page ${Date.now()}`;
    const decisions = decided.map(({ item, verdict, labels }) => ({ item, verdict, labels }));
    if (decided.length) this.deck.book(decisions, { mode: "grid", group });
    else this.deck.draw();
    this.say(`${decided.length} decided${open.length ? `, ${open.length} left open` : ""}.`);
  }
}
