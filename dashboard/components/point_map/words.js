// What stands around the points: the legend, the card under the pointer, the row of nearest images. Text stays text.

import { element, plain } from "../review_deck/dom.js";
import { load } from "./arrays.js";

const LONGEST = 40; // characters of a class name in the card
const names = new Map(); // address -> promise of class names

const short = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);

function classNames(url) {
  if (!names.has(url)) {
    const asked = fetch(new URL(url, document.baseURI), { credentials: "same-origin" }).then((answer) => answer.json());
    names.set(url, asked.catch((error) => {
      names.delete(url);
      throw error;
    }));
  }
  return names.get(url);
}

// "cat → dog (0.93)" of the i-th drawn point; fetched when the first card is shown, not before the first picture.
export async function sentence(data, i) {
  const { given, predicted, suspicion } = data.arrays;
  const [known, g, p, s] = await Promise.all([classNames(data.classes), load(given), load(predicted), load(suspicion)]);
  const name = (k) => short(plain(known[k] ?? "(no name)"));
  return `${name(g[i])} → ${name(p[i])} (${(s[i] / 255).toFixed(2)})`;
}

export function drawLegend(node, { kind, title, lines, more, low, high }, colours) {
  const parts = [element("b", { text: title })];
  if (kind === "value") {
    const scale = element("span", { class: "scale" });
    scale.style.background = `linear-gradient(to right, ${colours.sequence.join(", ")})`;
    parts.push(element("span", { text: low }), scale, element("span", { text: high }));
  }
  for (const { name, colour, glyph } of lines) {
    const mark = element("span", { class: "mark", text: glyph, "aria-hidden": "true" });
    mark.style.color = colour;
    parts.push(element("span", {}, mark, element("span", { text: ` ${name}` })));
  }
  if (more) parts.push(element("span", { text: more }));
  node.replaceChildren(...parts);
}

export function placeCard(card, { left, top }, { width, height }) {
  card.hidden = false;
  const wide = card.offsetWidth, tall = card.offsetHeight;
  card.style.left = `${left + 16 + wide > width ? Math.max(4, left - 16 - wide) : left + 16}px`;
  card.style.top = `${Math.min(Math.max(4, top - tall / 2), height - tall - 4)}px`;
}

// The marked image and its nearest ones, each a button that marks that one.
export function drawNear(node, focus, near, pick) {
  node.hidden = !focus;
  const button = ({ row, thumb, text, said }, isMarked) => {
    const made = element("button", { type: "button", "data-row": row, title: said, "aria-label": said });
    if (isMarked) made.setAttribute("aria-current", "true");
    if (thumb) made.append(element("img", { src: thumb, alt: "", loading: "lazy" }));
    made.append(element("span", { text }));
    made.addEventListener("click", () => pick(row));
    return made;
  };
  node.replaceChildren(...(focus ? [button(focus, true), ...near.map((one) => button(one, false))] : []));
}
