// Making nodes and words. Every text goes through textContent: class names and names of people are hostile.

// Marks that turn the direction of writing would show a hostile name as another one.
export const plain = (text) => String(text).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

export const percent = (p) =>
  p === null ? "" : p >= 0.9995 ? "100 %" : p < 0.001 ? "< 0.1 %" : `${(100 * p).toFixed(p < 0.1 ? 1 : 0)} %`;

export const number = (n) => n.toLocaleString("en");

export const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

const SAID = {
  relabel: (label) => `changed to ${label}`,
  keep: () => "kept",
  several: (label) => `several fit: ${label}`,
  none_fits: () => "none fits",
  unsure: () => "don't know",
  skip: () => "skipped",
  exclude: () => "not for training",
  include: () => "for training again",
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
