// What the deck looks like for a given state. Every text goes through textContent: class names are hostile.

import { KEYS } from "./keys.js";

// Marks that turn the direction of writing would show a hostile name as another one.
const plain = (text) => String(text).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

const percent = (p) => (p === null ? "" : p >= 0.9995 ? "100 %" : p < 0.001 ? "< 0.1 %" : `${(100 * p).toFixed(p < 0.1 ? 1 : 0)} %`);

export const SAID = {
  relabel: (label) => `changed to ${label}`,
  keep: () => "kept",
  several: () => "both fit",
  none_fits: () => "none fits",
  skip: () => "skipped",
};

export const said = (decision) => SAID[decision.verdict]?.(decision.label) ?? decision.verdict;

export function element(tag, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  if (text != null) made.textContent = plain(text);
  made.append(...children);
  return made;
}

export class View {
  constructor(root) {
    this.root = root;
    this.drawn = null;
    this.deck = root.querySelector(".deck");
    this.find = (selector) => this.deck.querySelector(selector);
    this.find(".keys").replaceChildren(
      ...KEYS.flatMap(({ print, says }) => [element("dt", {}, element("kbd", { text: print })), element("dd", { text: says })]),
    );
  }

  text(selector, text) {
    const node = this.find(selector);
    const shown = plain(text);
    if (node.textContent !== shown) node.textContent = shown;
  }

  draw({ items, journal, data }) {
    const item = items.current;
    this.deck.dataset.state = item ? "image" : items.complete ? "done" : "waiting";
    this.drawBar(items, journal, data);
    this.drawStrip(journal);
    this.drawTrouble(journal);
    const shown = item?.id ?? this.deck.dataset.state; // null at first: an end is drawn too
    if (this.drawn === shown && this.decision === items.inForce(item?.id)) return;
    this.drawn = shown;
    this.decision = items.inForce(item?.id);
    if (item) this.drawItem(item, items);
    else this.drawEnd(items);
  }

  drawBar(items, journal, data) {
    const judged = items.judged + data.already;
    const skipped = items.skipped + data.skipped;
    const total = items.total + data.already + data.skipped;
    const also = skipped ? `, ${skipped.toLocaleString("en")} skipped` : "";
    this.text(".place", `${judged.toLocaleString("en")} of ${total.toLocaleString("en")} judged${also}`);
    this.find(".fill").style.width = `${total ? (100 * (judged + skipped)) / total : 0}%`;
    this.text(".saved", `saved ${journal.saved} · pending ${journal.unsaved}`);
    const saved = this.find(".saved");
    saved.dataset.saved = journal.saved;
    saved.dataset.pending = journal.unsaved;
    saved.classList.toggle("waiting", Boolean(journal.trouble));
    this.find("[data-do=undo]").disabled = !journal.history.length;
  }

  drawTrouble(journal) {
    const parts = [];
    if (journal.trouble) {
      const kept = journal.stored ? "in this browser, also when the tab is closed" : "in this tab: do not close it";
      parts.push(`${journal.trouble} Your ${journal.unsaved} unsaved decisions are kept ${kept}; trying again.`);
    }
    if (journal.refused.length) {
      parts.push(`${journal.refused.length} decisions were refused: ${journal.refused.at(-1)}`);
    }
    const node = this.find(".trouble");
    node.hidden = !parts.length;
    node.textContent = parts.join(" ");
  }

  drawItem(item, items) {
    this.deck.dataset.id = item.id;
    this.drawPicture(item, items);
    this.text(".given dd", item.given);
    this.text(".suggested dd", item.suggested || "–");
    this.text(".take .text", item.suggested ? `Change to ${item.suggested}` : "No suggestion");
    this.find(".take").disabled = !item.suggested;
    this.find("[data-do=both]").disabled = !item.suggested;
    this.text(".keep .text", `Keep ${item.given}`);
    this.text(".reasons", item.reasons);
    this.text(".facts", `Suspicion ${item.suspicion.toFixed(2)} of 1${item.kind ? ` · ${item.kind}` : ""}`);
    this.drawChoices(item);
    this.drawReferences(item);
    this.speak(`Given ${item.given}, suggested ${item.suggested || "nothing"}, suspicion ${item.suspicion.toFixed(2)}.`);
  }

  drawPicture(item, items) {
    const holder = this.find(".picture");
    const image = items.picture(item);
    const decision = items.inForce(item.id);
    this.text(".caption", decision ? `${item.id} – ${said(decision)}` : item.id);
    if (!image) {
      holder.replaceChildren(element("p", { class: "broken", text: "This data set was read without its images." }));
      return;
    }
    image.alt = `Image ${item.id}, labelled ${item.given}`;
    image.onload = () => image.classList.toggle("tiny", Math.max(image.naturalWidth, image.naturalHeight) <= 96);
    if (image.complete && image.naturalWidth) image.onload();
    image.onerror = () => this.drawBroken(item, holder);
    if (image.complete && !image.naturalWidth) this.drawBroken(item, holder);
    else holder.replaceChildren(image);
  }

  async drawBroken(item, holder) {
    holder.replaceChildren(element("p", { class: "broken", text: "This image cannot be shown." }));
    try {
      const { error } = await (await fetch(item.image)).json();
      if (this.drawn === item.id && error) holder.firstChild.textContent = `This image cannot be shown: ${error}`;
    } catch {
      // the server is gone or sent no reason: what stands there already is true
    }
  }

  drawChoices(item) {
    const rows = item.choices.map(([name, p], index) => {
      const role = name === item.given ? "given" : name === item.suggested ? "suggested" : "";
      const row = element(
        "button",
        { type: "button", "data-do": "choice", "data-number": index + 1, "data-name": name },
        element("kbd", { text: String(index + 1) }),
        element("span", { class: "name", text: name, title: name }),
        element("span", { class: "role", text: role }),
        element("span", { class: "p", text: percent(p) }),
      );
      row.style.setProperty("--share", String(p ?? 0));
      return row;
    });
    this.find(".choices").replaceChildren(...rows);
  }

  drawReferences({ references }) {
    const groups = (references ?? []).map(({ label, thumbs }) =>
      element(
        "figure",
        {},
        element("figcaption", { text: `Typical ${label}`, title: label }),
        element("div", {}, ...thumbs.map((src) => element("img", { src, alt: `A typical ${label}`, loading: "lazy" }))),
      ),
    );
    this.find(".references").replaceChildren(...groups);
  }

  drawStrip(journal) {
    const last = journal.history.slice(-10).reverse();
    const signature = last.map((one) => `${one.session} ${one.seq}`).join();
    if (signature === this.strip) return;
    this.strip = signature;
    this.find(".recent").hidden = !last.length;
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

  drawEnd(items) {
    delete this.deck.dataset.id;
    const text = items.complete
      ? "Every image of this queue is judged or skipped. Choose another queue above, or take the cleaned labels away on the Export page."
      : "Fetching the next images …";
    this.find(".picture").replaceChildren(element("p", { class: "end", text }));
    this.text(".caption", "");
    this.find(".choices").replaceChildren();
    this.find(".references").replaceChildren();
    this.speak(text);
  }

  speak(text) {
    this.text(".spoken", text);
  }
}
