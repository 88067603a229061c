// What the deck looks like for a given state: bar, messages, strip and ends. One image is drawn by panel.js.

import { count, element, number, plain, said, sentence } from "./dom.js";
import { Panel } from "./panel.js";

export { element, said } from "./dom.js"; // for the grid and the large view

const STRIP = 10;
const NEXT = "Choose another queue above, or take the cleaned labels away on the Export page.";

export class View {
  constructor(root) {
    this.root = root;
    this.drawn = null;
    this.deck = root.querySelector(".deck");
    this.find = (selector) => this.deck.querySelector(selector);
    this.panel = new Panel(this);
  }

  text(selector, text) {
    const node = typeof selector === "string" ? this.find(selector) : selector;
    const shown = plain(text);
    if (node.textContent !== shown) node.textContent = shown;
  }

  // The keys on the controls, wherever they are.
  printKeys(keys) {
    this.keys = keys;
    for (const node of this.deck.querySelectorAll("kbd[data-key]")) {
      this.text(node, keys.short(node.dataset.key, node.dataset.at ?? 0));
    }
  }

  draw(deck, state) {
    const { items, decisions } = deck;
    const item = state === "image" ? items.current : null;
    this.set("state", state);
    this.drawBar(deck);
    this.drawStrip(decisions.latest(STRIP));
    this.drawTrouble(deck, state);
    if (!item) return this.drawEnd(state, items, deck.leases);
    if (deck.grid.isOn) {
      this.drawn = null; // the grid draws itself
      return;
    }
    const decision = items.inForce(item);
    const shown = [item, decision, items.excluded(item)];
    if (this.drawn?.every((part, index) => part === shown[index])) return;
    this.drawn = shown;
    this.panel.draw(item, { items, decision, note: decisions.noteOf(item), isAudit: deck.data.tag.startsWith("audit:") });
    this.speak(this.panel.spoken(item, items, decision));
  }

  set(name, value) {
    if (this.deck.dataset[name] !== value) this.deck.dataset[name] = value;
  }

  // The link to all that is known of an image: the page takes clicks on such links.
  linkTo({ id, row }) {
    const link = this.find(".details");
    const address = new URL(location.href);
    address.searchParams.set("image", id);
    link.href = address.href;
    Object.assign(link.dataset, { image: row, among: "deck" });
    return link;
  }

  drawBar({ items, journal, data, decisions, stopped }) {
    const { judged, skipped } = items.counts;
    const total = items.total + data.already;
    const done = judged + data.already;
    const also = skipped ? `, ${number(skipped)} skipped` : "";
    this.text(".place", `${number(done)} of ${number(total)} judged${also}`);
    const width = `${total ? (100 * done) / total : 0}%`;
    const fill = this.find(".fill");
    if (fill.style.width !== width) fill.style.width = width;
    const saved = this.find(".saved");
    this.text(saved, `saved ${journal.saved} · pending ${journal.unsaved}`);
    saved.dataset.saved = journal.saved;
    saved.dataset.pending = journal.unsaved;
    saved.classList.toggle("waiting", Boolean(journal.trouble));
    for (const undo of this.deck.querySelectorAll("[data-do=undo]")) undo.disabled = !decisions.canUndo;
    this.deck.classList.toggle("stopped", Boolean(stopped));
  }

  drawTrouble({ journal, leases, look, stopped }, state) {
    const parts = [];
    const isImage = state === "image";
    const kept = journal.stored ? "in this browser, also when the tab is closed" : "in this tab: do not close it";
    const { waiting } = journal;
    const unsaved = count(journal.unsaved - waiting.length, "unsaved decision is", "unsaved decisions are");
    if (stopped) parts.push(`${sentence(stopped)} Loading this page again; keys do nothing until it is back.`);
    else if (journal.trouble) parts.push(`${sentence(journal.trouble)} Your ${unsaved} kept ${kept}; trying again.`);
    else if (leases.trouble && !isImage) parts.push(`${sentence(leases.trouble)} No image can be had now. Trying again.`);
    if (look.refused) parts.push("Another image came just as the key was pressed: look at it, then press again.");
    if (waiting.length) {
      const whose = [...new Set(waiting.map((op) => op.reviewer))].join(", ");
      const wait = count(waiting.length, "decision waits", "decisions wait");
      parts.push(`${wait} in this browser: booked under ${whose}, as soon as that account signs in here again.`);
    }
    if (journal.refused.length) {
      const refused = count(journal.refused.length, "decision was", "decisions were");
      parts.push(`${refused} refused: ${sentence(journal.refused.at(-1))}`);
    }
    const node = this.find(".trouble");
    node.hidden = !parts.length;
    this.text(node, parts.join(" "));
  }

  drawStrip(last) {
    const signature = last.map((one) => `${one.session} ${one.seq}`).join();
    if (signature === this.strip) return;
    this.strip = signature;
    this.find(".recent").classList.toggle("empty", !last.length);
    this.find(".strip").replaceChildren(
      ...last.map((one) =>
        element(
          "button",
          { type: "button", "data-do": "revisit", "data-seq": one.seq, title: `${one.item.given}: ${said(one)}` },
          one.item.thumb ? element("img", { src: one.item.thumb, alt: "" }) : "",
          element("span", { text: one.verdict === "relabel" ? `→ ${one.label}` : said(one) }),
        ),
      ),
    );
  }

  drawEnd(state, items, leases) {
    const { others, passed } = items.counts;
    const shown = [state, others, passed, leases.trouble];
    if (this.drawn?.every((part, index) => part === shown[index])) return;
    this.drawn = shown;
    this.panel.clear();
    const text = this.ending(state, others, passed);
    const end = element("div", { class: `end ${state}` }, element("p", { text }));
    if (state === "skipped") {
      const parts = [element("kbd", { text: "Enter" }), element("span", { text: "Go through them now" })];
      end.append(element("button", { type: "button", "data-do": "enter" }, ...parts));
    }
    this.find(".picture").replaceChildren(end);
    this.speak(text);
  }

  ending(state, others, passed) {
    const waiting = `Others are judging the last ${count(others, "image")} of this queue. What they leave comes here.`;
    if (state === "others") return waiting;
    if (state === "skipped") {
      const was = count(passed, "image was", "images were");
      return `${was} skipped. ${others ? waiting : "Everything else in this queue is judged."}`;
    }
    if (state === "waiting") return "Fetching the next images …";
    return `Every image of this queue is judged. ${NEXT}`;
  }

  speak(text) {
    this.text(".spoken", text);
  }
}
