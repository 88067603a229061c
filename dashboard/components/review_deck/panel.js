// One image with everything that helps to judge it.

import { element, percent, said } from "./dom.js";

const TINY = 96; // px; an image of so few does not get clearer by filling the stage

export class Panel {
  constructor(view) {
    this.view = view;
    this.find = view.find;
    this.note = this.find(".note input");
  }

  draw(item, { items, decision, note, isAudit }) {
    const { view } = this;
    this.item = item;
    view.set("id", item.id);
    view.set("across", String(Boolean(item.across)));
    // An answer stands out only where the model doubts the label, and never in an audit: it would bias the sample
    const doubts = item.suggested && item.choices[0]?.[0] !== item.given;
    view.set("lean", doubts && !isAudit ? "suggested" : "none");
    this.drawPicture(item, items);
    const excluded = items.excluded(item);
    view.text(".caption", decision ? `${item.id} – ${said(decision)}` : item.id);
    this.find(".badge").hidden = !excluded;
    this.find(".exclude").setAttribute("aria-pressed", String(excluded));
    view.text(".exclude span", excluded ? "Include in training again" : "Exclude from training");
    this.drawLabels(item);
    this.drawOthers(item.others ?? []);
    view.text(".reasons", item.reasons);
    this.find(".reasons").title = item.reasons; // it may be longer than its room
    view.text(".facts", `Suspicion ${item.suspicion.toFixed(2)} of 1${item.kind ? ` · ${item.kind}` : ""}`);
    this.find(".guideline").hidden = !item.guideline;
    view.text(".guideline", item.guideline ? `Agreed for this pair: ${item.guideline}` : "");
    if (this.note.value !== note) this.note.value = note;
    this.drawChoices(item);
    this.drawReferences(item);
  }

  spoken(item, items, decision) {
    const parts = [
      item.guest ? "An image of an earlier queue" : `Image ${item.n + 1} of ${items.total}`,
      `given ${item.given}`,
      `suggested ${item.suggested || "nothing"}`,
      `suspicion ${item.suspicion.toFixed(2)}`,
    ];
    if (items.excluded(item)) parts.push("not for training");
    if (decision) parts.push(`decided: ${said(decision)}`);
    return `${parts.join(", ")}.`;
  }

  drawLabels(item) {
    const { view } = this;
    const set = (selector, text) => {
      view.text(selector, text);
      this.find(selector).title = text;
    };
    set(".given dd", item.given);
    set(".suggested dd", item.suggested || "–");
    set(".take .text", item.suggested ? `Change to ${item.suggested}` : "No suggestion");
    set(".keep .text", `Keep ${item.given}`);
    this.find(".take").disabled = !item.suggested;
    this.find(".primary [data-do=both]").disabled = !item.suggested;
  }

  drawPicture(item, items) {
    const holder = this.find(".picture");
    const image = items.picture(item);
    this.find(".enlarge").hidden = !image;
    this.find(".details").hidden = false;
    this.view.linkTo(item);
    if (!image) {
      holder.replaceChildren(element("p", { class: "broken", text: "This data set was read without its images." }));
      return;
    }
    image.alt = `Image ${item.id}, labelled ${item.given}`;
    image.onload = () => image.classList.toggle("tiny", Math.max(image.naturalWidth, image.naturalHeight) <= TINY);
    if (image.complete && image.naturalWidth) image.onload();
    image.onerror = () => this.drawBroken(item, holder);
    if (image.complete && !image.naturalWidth) this.drawBroken(item, holder);
    else if (holder.firstChild !== image || holder.childNodes.length > 1) holder.replaceChildren(image);
  }

  async drawBroken(item, holder) {
    if (this.item !== item) return;
    holder.replaceChildren(element("p", { class: "broken", text: "This image cannot be shown." }));
    try {
      const { error } = await (await fetch(item.image)).json();
      if (this.item === item && error) holder.firstChild.textContent = `This image cannot be shown: ${error}`;
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
        element("kbd", { "data-key": "choice", "data-at": index, text: this.view.keys.short("choice", index) }),
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
    const signature = JSON.stringify(references);
    if (signature === this.references) return; // often the same for a whole pair
    this.references = signature;
    const groups = (references ?? []).map(({ label, thumbs, verified }) => {
      const kind = verified ? "Verified" : "Typical";
      return element(
        "figure",
        {},
        element("figcaption", { text: `${kind} ${label}`, title: label }),
        element("div", {}, ...thumbs.map((src) => element("img", { src, alt: `${kind} ${label}` }))),
      );
    });
    this.find(".references").replaceChildren(...groups);
  }

  // What the reviewers said, for whoever settles their disagreement.
  drawOthers(others) {
    this.find(".said").hidden = !others.length;
    const rows = others.map(([who, what]) =>
      element("li", {}, element("strong", { text: who }), element("span", { text: `: ${what}` })),
    );
    this.find(".said ul").replaceChildren(...rows);
  }

  clear() {
    this.item = null;
    delete this.view.deck.dataset.id;
    this.view.text(".caption", "");
    this.find(".badge").hidden = true;
    this.find(".enlarge").hidden = this.find(".details").hidden = true;
    this.find(".choices").replaceChildren();
    this.find(".references").replaceChildren();
    this.references = null;
    this.note.value = "";
  }
}
