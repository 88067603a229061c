// The judging loop. It lives here, in the browser: Python feeds windows of images and books what comes back.

import { Items } from "./items.js";
import { Journal } from "./journal.js";
import { actionOf, isField } from "./keys.js";
import { Search } from "./search.js";
import { View, said } from "./view.js";

const TABS_ANSWER = 50; // ms: what other tabs of this browser show is not shown here
const TELL_AFTER = 4000; // ms: the figures on the page follow the decisions, but not every single one
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

class Deck {
  constructor(workspace) {
    this.items = new Items();
    this.journal = new Journal(workspace, (what, operations) => this.changed(what, operations));
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(`lookalike.${workspace}`) : null;
    this.channel?.addEventListener("message", ({ data }) => this.heard(data));
    addEventListener("pagehide", () => this.channel?.postMessage({ tab: this.journal.session, showing: null }));
    document.addEventListener("keydown", (event) => this.key(event), true);
    this.ready = this.start();
  }

  async start() {
    await this.journal.open();
    this.remember([...this.journal.history, ...this.journal.pending]);
    this.channel?.postMessage({ tab: this.journal.session, hello: true });
    if (this.channel) await new Promise((done) => setTimeout(done, TABS_ANSWER));
  }

  attach(root, component) {
    if (this.root !== root) {
      this.root = root;
      this.view = new View(root);
      this.search = new Search(this.view, (name) => this.choose(name));
      this.view.deck.addEventListener("click", (event) => this.click(event));
      this.view.find(".help").addEventListener("close", () => this.view.deck.focus({ preventScroll: true }));
    }
    const { data } = component;
    this.component = component;
    this.data = data;
    this.search.url = data.classes;
    const fresh = this.items.merge(data);
    document.cookie = `lookalike_reviewer=${encodeURIComponent(data.reviewer)}; path=/; max-age=31536000; samesite=lax`;
    this.journal.aim({ url: data.decisions, token: data.token });
    this.draw();
    if (fresh && !isField(document.activeElement)) this.view.deck.focus({ preventScroll: true });
  }

  detach(root) {
    this.journal.send(true);
    if (this.root === root) this.root = null;
    this.announce();
  }

  get visible() {
    return Boolean(this.root && this.view.deck.offsetParent);
  }

  // -- decisions ---------------------------------------------------------------------------------------------------
  decide(verdict, labels = []) {
    const item = this.items.current;
    if (!item) return;
    const label = labels.join(", ");
    const { session, seq } = this.journal.add({
      image_id: item.id,
      verdict,
      suggested: item.suggested,
      new_labels: labels,
      reviewer: this.data.reviewer,
      run_id: this.data.run_id,
    });
    const decision = { session, seq, verdict, label };
    this.journal.history.push({ ...decision, item });
    this.journal.keep();
    this.items.record(item.id, decision);
    this.channel?.postMessage({ id: item.id, decision });
    this.items.advance();
    this.draw();
    this.view.speak(`${said(decision)}. ${this.view.find(".spoken").textContent}`);
  }

  choose(name) {
    const item = this.items.current;
    if (!item || !name) return;
    if (name === item.given) this.decide("keep");
    else this.decide("relabel", [name]);
  }

  undo() {
    const last = this.journal.history.pop();
    if (!last) return;
    const { session, seq, item } = last;
    this.journal.add({
      image_id: item.id,
      verdict: "undo",
      suggested: item.suggested,
      reviewer: this.data.reviewer,
      run_id: this.data.run_id,
      undoes: seq,
    });
    this.items.takeBack(item.id, session, seq);
    this.channel?.postMessage({ id: item.id, undone: { session, seq } });
    this.items.show(item);
    this.draw();
    this.view.speak(`Taken back: ${said(last)}.`);
  }

  revisit(seq) {
    const one = this.journal.history.find((entry) => entry.seq === seq);
    if (!one) return;
    this.items.show(one.item);
    this.draw();
  }

  // What was decided before this page was loaded, or in another tab, is not asked again.
  remember(operations) {
    for (const op of operations) {
      const id = op.image_id ?? op.item.id;
      if (op.verdict === "undo") this.items.takeBack(id, op.session, op.undoes);
      else if (!(this.items.decided.get(id) ?? []).some((one) => one.session === op.session && one.seq === op.seq)) {
        const { session, seq, verdict } = op;
        this.items.record(id, { session, seq, verdict, label: op.label ?? op.new_labels?.join(", ") ?? "" });
      }
    }
  }

  heard({ id, decision, undone, tab, showing, hello }) {
    if (hello) this.announce(true);
    if (showing) this.items.elsewhere.set(tab, showing);
    else if (showing === null) this.items.elsewhere.delete(tab);
    if (decision) this.items.record(id, decision);
    if (undone) this.items.takeBack(id, undone.session, undone.seq);
    if (!decision && !undone) return;
    if (this.root) this.draw();
  }

  announce(again = false) {
    const showing = this.root ? (this.items.current?.id ?? null) : null;
    if (!again && showing === this.announced) return;
    this.announced = showing;
    this.channel?.postMessage({ tab: this.journal.session, showing });
  }

  // -- drawing and the page ----------------------------------------------------------------------------------------
  draw() {
    this.view.draw(this);
    this.announce();
    this.items.preload();
    const start = this.items.wanted();
    if (start !== null) this.component.setStateValue("want", { queue: this.items.queue, start });
  }

  changed(what, operations) {
    if (what === "adopted") {
      this.remember(operations);
      if (this.items.current && !this.items.isOpen(this.items.current)) this.items.at = this.items.firstOpen(this.items.at);
    }
    if (what === "settled") this.tell();
    if (this.root && this.data) this.draw();
  }

  // Let the page bring its figures up to date, now and then.
  tell() {
    if (this.telling) return;
    this.telling = setTimeout(() => {
      this.telling = 0;
      if (this.root) this.component.setStateValue("saved", this.journal.saved);
    }, TELL_AFTER);
  }

  // -- mouse, touch, keys ------------------------------------------------------------------------------------------
  click(event) {
    const control = event.target.closest("[data-do]");
    if (!control || control.disabled) return;
    const { name, seq } = control.dataset;
    this.act(control.dataset.do, { name, seq: Number(seq) });
    if (!isField(this.root.activeElement) && !this.view.find(".help").open) this.view.deck.focus({ preventScroll: true });
  }

  key(event) {
    if (!this.visible) return;
    const target = event.composedPath()[0];
    const inside = event.composedPath().includes(this.view.deck);
    if (isField(target) || !(inside || target === document.body)) return;
    const action = actionOf(event);
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    // Streamlit reruns the page on r and opens a dialog on c: not while somebody is judging
    if (action || (inside && !modified && event.key.length === 1)) event.stopPropagation();
    if (!action || event.repeat) return action && event.preventDefault();
    if (event.key === " " && target instanceof HTMLButtonElement) target.blur();
    if (this.view.find(".help").open && action.does !== "help") return;
    event.preventDefault();
    this.act(action.does, { name: this.items.current?.choices[action.number - 1]?.[0] });
  }

  act(does, { name, seq }) {
    const item = this.items.current;
    const acts = {
      suggestion: () => item?.suggested && this.choose(item.suggested),
      keep: () => this.decide("keep"),
      choice: () => this.choose(name),
      both: () => item?.suggested && this.decide("several", [item.given, item.suggested]),
      none: () => this.decide("none_fits"),
      skip: () => this.decide("skip"),
      undo: () => this.undo(),
      revisit: () => this.revisit(seq),
      search: () => this.search.field.focus(),
      help: () => this.help(),
      next: () => this.step(1),
      previous: () => this.step(-1),
    };
    acts[does]?.();
  }

  step(by) {
    this.items.move(by);
    this.draw();
  }

  help() {
    const sheet = this.view.find(".help");
    if (sheet.open) sheet.close();
    else sheet.showModal();
  }
}
