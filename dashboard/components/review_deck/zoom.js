// The large view of one image: zoom around the pointer, pan, 1:1 and fit. Judging goes on while it is open.

import { element } from "./dom.js";

const STEP = 1.25; // one press of + or -, one notch of the wheel
const PAN = 80; // px for one press of an arrow
const TINY = 96; // px: of an image this small, and of one enlarged so much, single pixels are what there is to see
const BLOCKS_FROM = 4;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

const button = (attributes, key, text) =>
  element("button", { type: "button", ...attributes }, key, element("span", text));
const control = (does, key, text, label) =>
  button({ "data-zoom": does, "aria-label": label }, element("kbd", { text: key }), { text });
const judging = (does) => button({ "data-do": does }, element("kbd", { "data-key": does }), { class: "text" });

export class Zoom {
  constructor(view) {
    this.view = view;
    this.item = null;
    this.fingers = new Map(); // pointer id -> where it is
    this.stage = element("div", { class: "zoom-stage", tabindex: "0", role: "img" });
    this.caption = element("p", { class: "zoom-caption", role: "status" });
    this.percent = element("output", { class: "zoom-percent" });
    this.dialog = element(
      "dialog",
      { class: "zoom", "aria-label": "Large view of the image" },
      element("header", {}, this.caption, this.percent, ...this.controls()),
      this.stage,
      element("footer", {}, judging("suggestion"), judging("keep")),
    );
    view.deck.append(this.dialog);
    this.listen();
  }

  controls() {
    return [
      control("out", "−", "Smaller", "Smaller"),
      control("in", "+", "Larger", "Larger"),
      control("turn", "0", "Fit or 1:1", "Whole image or its own size"),
      control("close", "Esc", "Close", "Close the large view"),
    ];
  }

  listen() {
    const { stage, dialog } = this;
    dialog.addEventListener("click", ({ target }) => this.act(target.closest("[data-zoom]")?.dataset.zoom));
    dialog.addEventListener("close", () => this.closed());
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    }
    stage.addEventListener("dblclick", (event) => this.turn(this.at(event)));
    new ResizeObserver(() => this.isOn && this.resized()).observe(stage);
  }

  get isOn() {
    return this.dialog.open;
  }

  open(item) {
    if (!item?.image) return;
    if (!this.isOn) this.dialog.showModal();
    this.show(item);
    this.stage.focus({ preventScroll: true });
  }

  close() {
    if (this.isOn) this.dialog.close();
  }

  closed() {
    this.item = null;
    this.fingers.clear();
    this.stage.replaceChildren();
    this.view.deck.focus({ preventScroll: true });
  }

  // Show this image in the open view; without one there is nothing left to look at. `said`: what is booked for it.
  show(item, said = "") {
    if (!this.isOn) return;
    if (!item?.image) return this.close();
    const { id, given, suggested } = item;
    const words = [`Given ${given}`, suggested && `suggested ${suggested}`, id, said].filter(Boolean);
    this.view.text(".zoom-caption", words.join(" · "));
    this.view.text(".zoom [data-do=suggestion] .text", suggested ? `Change to ${suggested}` : "No suggestion");
    this.view.text(".zoom [data-do=keep] .text", `Keep ${given}`);
    this.dialog.querySelector("[data-do=suggestion]").disabled = !suggested;
    if (this.item?.id === id) return;
    this.item = item;
    this.fingers.clear();
    this.load(item);
  }

  // A new element every time: the image before must not stand under the words of this one.
  load(item) {
    const image = element("img", { src: item.image, alt: "", draggable: "false" });
    this.image = null;
    this.percent.textContent = "";
    this.stage.setAttribute("aria-label", `Image ${item.id}, labelled ${item.given}`);
    image.onload = () => {
      if (this.item !== item) return;
      this.image = image;
      this.fit();
    };
    image.onerror = () => {
      const broken = element("p", { class: "broken", text: "This image cannot be shown." });
      if (this.item === item) this.stage.replaceChildren(broken);
    };
    this.stage.replaceChildren(image);
  }

  // -- where the image lies: `scale` in screen pixels for one of the image, x and y of its corner in the stage -----
  get fitting() {
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(clientWidth / this.image.naturalWidth, clientHeight / this.image.naturalHeight);
  }

  fit() {
    this.fitted = true;
    this.place(this.fitting, 0, 0);
  }

  resized() {
    if (!this.image) return;
    if (this.fitted) this.fit();
    else this.place(this.scale, this.x, this.y);
  }

  // An image smaller than the stage stands in its middle, a larger one leaves no gap at its edges.
  place(scale, x, y) {
    const { clientWidth, clientHeight } = this.stage;
    const { naturalWidth, naturalHeight, style, classList } = this.image;
    const held = (at, size, room) => (size <= room ? (room - size) / 2 : clamp(at, room - size, 0));
    this.scale = scale;
    this.x = held(x, naturalWidth * scale, clientWidth);
    this.y = held(y, naturalHeight * scale, clientHeight);
    style.transform = `translate(${this.x}px, ${this.y}px) scale(${scale})`;
    const isClose = !this.fitted && scale >= BLOCKS_FROM;
    classList.toggle("blocks", isClose || Math.max(naturalWidth, naturalHeight) <= TINY);
    this.stage.dataset.scale = scale.toFixed(3);
    this.percent.textContent = `${Math.round(100 * scale)} %`;
  }

  zoom(factor, { x, y } = this.middle) {
    if (!this.image) return;
    const least = Math.min(1, this.fitting);
    const scale = clamp(this.scale * factor, least, Math.max(8, 8 * this.fitting));
    const ratio = scale / this.scale;
    this.fitted = scale === this.fitting;
    this.place(scale, x - (x - this.x) * ratio, y - (y - this.y) * ratio);
  }

  turn(point) {
    if (!this.image) return;
    if (this.fitted) this.zoom(1 / this.scale, point);
    else this.fit();
  }

  pan(dx, dy) {
    if (!this.image) return;
    this.place(this.scale, this.x + dx, this.y + dy);
  }

  get middle() {
    return { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 };
  }

  // -- keys, mouse, fingers ----------------------------------------------------------------------------------------
  act(does) {
    const acts = {
      in: () => this.zoom(STEP),
      out: () => this.zoom(1 / STEP),
      turn: () => this.turn(),
      close: () => this.close(),
    };
    acts[does]?.();
    return Boolean(acts[does]);
  }

  // True: the key was for the large view. Arrows are, as long as there is something to pan to.
  key(event) {
    if (!this.isOn || event.ctrlKey || event.metaKey || event.altKey) return false;
    const does = { "+": "in", "=": "in", "-": "out", 0: "turn", Escape: "close" }[event.key];
    if (does) return this.act(does);
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (!this.reachesOver(dx, dy)) return false;
    this.pan(dx * PAN, dy * PAN);
    return true;
  }

  reachesOver(dx, dy) {
    if (!this.image) return false;
    const { clientWidth, clientHeight } = this.stage;
    const { naturalWidth, naturalHeight } = this.image;
    return (dx && naturalWidth * this.scale > clientWidth + 1) || (dy && naturalHeight * this.scale > clientHeight + 1);
  }

  at({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  wheel(event) {
    event.preventDefault();
    const notch = event.deltaMode === 0 ? event.deltaY / 100 : Math.sign(event.deltaY); // a touchpad sends small pieces
    this.zoom(STEP ** clamp(-notch * (event.ctrlKey ? 4 : 1), -3, 3), this.at(event));
  }

  down(event) {
    if (event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
  }

  // One finger drags. Two pinch: the image follows their middle and grows with their distance.
  moved(event) {
    if (!this.fingers.has(event.pointerId)) return;
    const before = spread(this.fingers);
    this.fingers.set(event.pointerId, this.at(event));
    const now = spread(this.fingers);
    this.pan(now.x - before.x, now.y - before.y);
    if (before.apart && now.apart) this.zoom(now.apart / before.apart, now);
  }
}

// The middle of all fingers and how far the first two are apart (0 for one).
function spread(fingers) {
  const points = [...fingers.values()];
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [one, other] = points;
  const apart = other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
  return { x: mean((point) => point.x), y: mean((point) => point.y), apart };
}
