// The judging loop. It lives here, in the browser: Python feeds windows of images and books what comes back.

import { Controls } from "./controls.js";
import { Decisions } from "./decisions.js";
import { said } from "./dom.js";
import { Grid } from "./grid.js";
import { Items } from "./items.js";
import { Journal } from "./journal.js";
import { Keys, isField } from "./keys.js";
import { Leases } from "./leases.js";
import { Look } from "./look.js";
import { Note } from "./note.js";
import { Search } from "./search.js";
import { Several } from "./several.js";
import { Sheet } from "./sheet.js";
import { View } from "./view.js";
import { Zoom } from "./zoom.js";

const TELL_AFTER = 4000; // ms: the figures on the page follow the decisions, but not every single one
const SHARE_FROM = 8; // images that may be held however short a queue is
const AHEAD = { single: { hold: 40, enough: 30, known: 50 }, grid: { hold: 60, enough: 48, known: 72 } }; // images
const RETRY_EVERY = 3; // s between two questions for images that others have
const LEFT_AFTER = 1000; // ms: the page may take the deck away and put it back
const decks = new Map(); // one per workspace: it outlives a change of page

// Called by Streamlit for every change of data, always with the same parent element while it is mounted.
export async function mount(component) {
  const { data, parentElement } = component;
  let deck = decks.get(data.workspace);
  if (!deck) {
    deck = new Deck(data.workspace);
    decks.set(data.workspace, deck);
  }
  await deck.ready;
  deck.attach(parentElement, component);
  return () => deck.detach(parentElement);
}

// Nobody is pulled out of a field, but for the one in which the name was just entered: it keeps the focus after Enter,
// and the keys that judge would be written into the name.
function isTyping(reviewer) {
  const field = document.activeElement;
  const isName = field instanceof HTMLInputElement && field.ariaLabel === "Reviewer";
  return isField(field) && !(isName && plain(field.value) === reviewer);
}

const plain = (name) => name.trim().replace(/\s+/g, " ");

class Deck {
  constructor(workspace) {
    this.leases = new Leases((what, why) => this.answered(what, why));
    this.items = new Items(this.leases);
    this.journal = new Journal(workspace, (what, told) => this.changed(what, told));
    this.decisions = new Decisions(this.journal, this.items, this.leases);
    this.keys = new Keys(() => this.rekeyed());
    this.stopped = ""; // why the page is about to be loaded again
    this.isBusy = (id) => this.journal.isPending(id);
    addEventListener("pagehide", () => this.leases.giveBackAll(this.isBusy));
    document.addEventListener("visibilitychange", () => this.tick());
    this.look = new Look(() => this.draw());
    this.controls = new Controls(this);
    setInterval(() => this.tick(), 1000);
    this.ready = this.start();
  }

  async start() {
    await this.journal.open();
    this.decisions.remember(this.journal.history, { marks: false });
    this.decisions.remember(this.journal.pending);
  }

  attach(root, component) {
    const { data } = component;
    this.component = component;
    this.data = data;
    if (this.built !== root) this.build(root);
    this.root = root;
    this.search.url = data.classes;
    const fresh = this.items.merge(data);
    if (fresh) this.leases.begin(new Set(this.items.ahead(AHEAD.grid.hold)), this.isBusy);
    const { token, reviewer, proof, tag: queue, opinions, adjudicate } = data;
    const { session } = this.journal;
    const who = proof === null ? { reviewer } : { reviewer, proof };
    this.leases.aim({ url: data.lease, token, session, ...who, queue, opinions, adjudicate });
    this.journal.aim({ url: data.decisions, token, reviewer, proof });
    document.cookie = `lookalike_reviewer=${encodeURIComponent(reviewer)}; path=/; max-age=31536000; samesite=lax`;
    this.draw({ isAsked: fresh });
    if (fresh && !isTyping(reviewer)) this.view.deck.focus({ preventScroll: true });
  }

  build(root) {
    const inGrid = this.grid?.isOn;
    this.built = root;
    this.view = new View(root);
    this.view.printKeys(this.keys);
    this.sheet = new Sheet(this.view, this.keys);
    this.search = new Search(this.view, (name) => this.choose(name));
    this.note = new Note(this.view, (text) => this.items.current && this.decisions.write(this.items.current, text));
    this.several = new Several(this.view, (labels) => this.decide("several", labels));
    this.zoom = new Zoom(this.view);
    this.grid = new Grid(this);
    this.view.printKeys(this.keys);
    if (inGrid) this.grid.toggle();
    this.view.deck.addEventListener("click", (event) => this.controls.click(event));
  }

  detach(root) {
    this.journal.send(true);
    if (this.root === root) this.root = null;
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => {
      this.leaving = 0;
      this.answered();
    }, LEFT_AFTER);
  }

  get visible() {
    return Boolean(this.root && this.view.deck.offsetParent);
  }

  // image: one is shown. waiting: more are on their way. skipped, others, done: what is left at the end of a queue.
  get state() {
    const { items } = this;
    if (items.shows(items.current)) return "image";
    if (!items.complete) return "waiting";
    const { open, others, passed } = items.counts;
    if (open) return "waiting";
    if (passed) return "skipped";
    return others ? "others" : "done";
  }

  // -- decisions ------------------------------------------------------------------------------------------------------
  // Entries are {item, verdict, labels}. `group`: one undo takes back all that have it.
  book(entries, { mode = "single", group = null } = {}) {
    const ours = entries.filter(({ item }) => this.items.shows(item)); // a lease may have run out
    if (this.stopped || !ours.length || this.look.refuses()) return [];
    const booked = this.decisions.book(ours, { mode, group });
    this.items.advance();
    this.draw({ isAsked: true });
    return booked;
  }

  decide(verdict, labels = []) {
    const item = this.items.current;
    const [decision] = item ? this.book([{ item, verdict, labels }]) : [];
    if (decision) this.view.speak(`Booked: ${said(decision)}. ${this.view.find(".spoken").textContent}`);
  }

  choose(name) {
    const item = this.items.current;
    if (!item || !name) return;
    if (this.several.isOn) this.several.toggle(name);
    else if (name === item.given) this.decide("keep");
    else this.decide("relabel", [name]);
  }

  // A mark of its own: the image stays.
  exclude() {
    const item = this.items.current;
    if (this.stopped || !this.items.shows(item) || this.look.refuses()) return;
    const verdict = this.items.excluded(item) ? "include" : "exclude";
    this.decisions.book([{ item, verdict }]);
    this.draw();
    this.view.speak(verdict === "exclude" ? "Excluded from training." : "Included in training again.");
  }

  undo() {
    const step = this.decisions.undo();
    if (!step.length) return;
    this.several.leave();
    this.items.show(step.at(-1).item);
    this.draw({ isAsked: true });
    this.view.speak(`Taken back: ${step.length > 1 ? `${step.length} decisions` : said(step[0])}.`);
  }

  revisit(seq) {
    const one = this.journal.history.find((entry) => entry.seq === seq);
    if (!one) return;
    if (this.grid.isOn) this.grid.toggle();
    this.items.show(one.item);
    this.draw({ isAsked: true });
  }

  // The page opens it in front of the deck, which stays as it is.
  details(item) {
    if (!item) return;
    this.zoom.close();
    this.view.linkTo(item).click();
  }

  toggleGrid() {
    this.several.leave();
    this.grid.toggle();
    this.draw({ isAsked: true });
  }

  saw(items) {
    this.decisions.saw(items);
  }

  // -- drawing and the page -------------------------------------------------------------------------------------------
  draw({ retry = false, isAsked = false } = {}) {
    if (!this.root || !this.data) return;
    const { items, view } = this;
    items.settle();
    const { state } = this;
    const item = state === "image" ? items.current : null;
    const inGrid = Boolean(item && this.grid.isOn);
    this.look.drawn(inGrid ? null : item, { isAsked: isAsked || inGrid }); // the grid watches over its page itself
    this.several.follow(item);
    view.set("mode", inGrid ? "grid" : "single");
    view.draw(this, state);
    if (item && !inGrid) this.saw([item]);
    this.grid.draw(inGrid);
    if (!inGrid) this.zoom.show(item, item && items.inForce(item) ? said(items.inForce(item)) : "");
    this.measure();
    items.preload();
    const usual = AHEAD[this.grid.isOn ? "grid" : "single"];
    const { known } = usual;
    const hold = Math.min(usual.hold, Math.max(SHARE_FROM, Math.ceil(items.total / 3))); // leave others their part
    const enough = Math.min(usual.enough, Math.ceil((3 * hold) / 4));
    this.leases.refill(items.ahead(hold, { taken: retry }), { enough, isBusy: this.isBusy, retry });
    const start = items.wanted(known);
    if (start !== null) this.component.setStateValue("want", { queue: items.queue, start, at: Date.now() });
  }

  // From the press of a key to the frame that shows the next image, for whoever wants to know how quick it is.
  measure() {
    const { pressed: start } = this;
    this.pressed = null;
    if (!start || this.view.drawn === this.measured) return;
    this.measured = this.view.drawn;
    const image = this.items.current && this.items.picture(this.items.current);
    const done = () => performance.measure("lookalike.next", { start, end: performance.now() });
    const painted = () => requestAnimationFrame(() => setTimeout(done)); // the task after the frame
    if (!image || image.complete) painted();
    else image.addEventListener("load", painted, { once: true });
  }

  tick() {
    if (!this.root || !this.data || document.visibilityState === "hidden") return;
    this.ticks = (this.ticks ?? 0) + 1;
    const atEnd = ["others", "skipped"].includes(this.state);
    this.draw({ retry: atEnd && this.ticks % RETRY_EVERY === 0 });
  }

  answered(what, why) {
    if (what === "gone") this.restart(why);
    else if (this.root || this.leaving) this.draw();
    else this.leases.giveBackAll(this.isBusy); // the page was left, perhaps while it was asking for these
  }

  // `told`: operations, with "gone" the reason.
  changed(what, told) {
    if (what === "adopted") this.decisions.remember(told);
    if (what === "settled") {
      this.decisions.settled(told);
      this.tell();
    }
    if (what === "gone") this.restart(told);
    this.draw();
  }

  rekeyed() {
    if (this.root) this.view.printKeys(this.keys);
  }

  // The server was restarted, or the sign-in ran out. Only a new page knows the new token and proof: parts of an old page
  // cannot be run again there. Every decision is in the browser's storage by now, and no further one is taken until the
  // page is back.
  restart(why) {
    if (this.stopped || !this.journal.mayReload()) return;
    this.stopped = why;
    this.draw();
    setTimeout(() => location.reload(), 300);
  }

  // Let the page bring its figures up to date, now and then.
  tell() {
    if (this.telling) return;
    this.telling = setTimeout(() => {
      this.telling = 0;
      if (this.root) this.component.setStateValue("saved", this.journal.saved);
    }, TELL_AFTER);
  }

  step(by) {
    this.items.move(by);
    this.draw({ isAsked: true });
  }

  // At the end: the images that were skipped come again.
  goThrough() {
    if (this.state !== "skipped") return;
    this.items.again();
    this.draw({ isAsked: true });
  }
}
