// The map of images in the browser. Python gives addresses of arrays and the state; gestures go back, one at a time.

import { Missing, load, unpacked } from "./arrays.js";
import { Flat } from "./flat.js";
import { Gestures } from "./gestures.js";
import { looksOf, orderOf, sizeOf } from "./looks.js";
import { Nearest } from "./nearest.js";
import { drawOver } from "./overlay.js";
import { View, boundsOf } from "./view.js";
import { WebGL, available } from "./webgl.js";
import { drawLegend, drawNear, placeCard, sentence } from "./words.js";

const REACH = 12; // pixels between the pointer and a point that is meant
const AGAIN = 3; // times to ask the page for arrays that the server has dropped

export function mount(component) {
  const map = (component.parentElement.lookalikeMap ??= new PointMap(component.parentElement));
  map.update(component);
}

class PointMap {
  constructor(parent) {
    const find = (name) => parent.querySelector(name);
    this.root = find(".point-map");
    this.root.map = this; // where browser tests find it
    [this.stage, this.points, this.over, this.card, this.problem, this.legend, this.live, this.nearby] = [
      ".stage", ".points", ".over", ".card", ".problem", ".legend", ".live", ".near",
    ].map(find);
    this.view = new View();
    this.asked = 0;
    this.turn = 0;
    this.painter = this.painterFor();
    this.use("lasso");
    find(".tools").addEventListener("click", (event) => this.press(event.target.closest("button")));
    this.gestures = new Gestures(this.over, this);
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  painterFor() {
    try {
      if (available()) return new WebGL(this.points, () => this.restored());
    } catch (error) {
      console.warn("the map falls back to a plain canvas:", error);
    }
    const plain = this.points.cloneNode(); // a canvas that gave WebGL gives nothing else
    this.points.replaceWith(plain);
    this.points = plain;
    return new Flat(plain);
  }

  // The graphics memory was lost, as after sleep: everything is sent there again.
  restored() {
    this.painter = new WebGL(this.points, () => this.restored());
    this.xyUrl = this.dressed = null;
    this.update(this.api);
  }

  update(component) {
    this.api = component; // the newest one: older ones speak to an older rerun
    const { data } = component;
    this.data = data;
    this.stage.style.height = `${data.height}px`;
    if (this.root.dataset.tools !== data.tools) this.use(data.tools === "few" ? "move" : "lasso");
    this.root.dataset.tools = data.tools;
    this.over.setAttribute("aria-label", data.alt);
    this.fill(data, ++this.turn).catch((error) => this.failed(error));
  }

  async fill(data, turn) {
    const { xy, colour, meant } = data.arrays;
    const [places, codes, bits] = await Promise.all([load(xy), load(colour), meant && load(meant)]);
    if (turn !== this.turn) return; // a newer state came meanwhile
    this.asked = 0;
    const isNew = this.xyUrl !== xy.url;
    if (isNew) this.place(places, xy.url);
    const looks = JSON.stringify([xy.url, colour.url, meant?.url, data.colouring.kind, data.colouring.plain, data.colours]);
    if (this.dressed !== looks) this.dress(codes, bits, data, looks);
    drawLegend(this.legend, data.colouring, data.colours);
    drawNear(this.nearby, data.focus, data.near, (row) => this.send("picked", { row }));
    this.aim(data.focus, isNew);
    this.draft(null);
    this.say();
    this.draw();
    this.root.dataset.state = "ready";
    Object.assign(this.root.dataset, { drawn: this.drawn, painter: this.painter.name, by: data.colouring.title });
  }

  place(xy, url) {
    this.xy = xy;
    this.xyUrl = url;
    this.index = null; // made for the first look-up
    this.view.bounds = boundsOf(xy);
    this.view.fit();
    this.painter.move(xy);
  }

  dress(codes, bits, { colouring, colours }, looks) {
    this.meant = unpacked(bits, codes.length);
    this.painter.dress({
      looks: looksOf(codes, this.meant, colouring, colours),
      order: orderOf(codes, this.meant, colouring),
      kind: colouring.kind,
      colours: colouring.kind === "value" ? colours.sequence : [...colours.categories, colours.faint],
      faint: colours.faint,
    });
    this.dressed = looks;
    this.drawn = this.painter.count;
    this.root.dataset.meant = this.meant.reduce((sum, one) => sum + one, 0);
  }

  // Another image was marked: go there, unless it is on the screen already.
  aim(focus, isNew) {
    if (focus && (isNew || focus.row !== this.marked)) {
      const [left, top] = this.view.toScreen(...focus.xy);
      const seen = left > 20 && top > 20 && left < this.view.width - 20 && top < this.view.height - 20;
      if (isNew || !seen) this.view.show(...focus.xy);
    }
    this.marked = focus?.row ?? null;
  }

  say() {
    const slow = this.painter.name === "canvas";
    const few = slow && this.drawn < this.data.m ? ` and ${this.drawn.toLocaleString("en")} of them are drawn` : "";
    this.problem.hidden = !slow;
    this.problem.textContent = slow
      ? `This browser has no WebGL 2 (hardware acceleration may be off): points are drawn slowly, without shapes${few}.`
      : "";
  }

  failed(error) {
    if (error instanceof Missing && this.asked < AGAIN) {
      this.asked += 1;
      this.send("again", { time: Date.now() }); // the page publishes them when it runs; its data stay the same
      setTimeout(() => this.fill(this.data, ++this.turn).catch((next) => this.failed(next)), 800 * this.asked);
      return;
    }
    this.root.dataset.state = "failed";
    this.problem.hidden = false;
    this.problem.textContent = `The points could not be fetched (${error.message}). Reload the page to try again.`;
  }

  draw() {
    if (!this.xy || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      const { width, height } = this.stage.getBoundingClientRect();
      const ratio = Math.min(2, devicePixelRatio || 1);
      for (const canvas of [this.points, this.over]) {
        const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
        if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
      }
      Object.assign(this.view, { width: Math.max(1, width), height: Math.max(1, height) });
      this.painter.draw(this.view, sizeOf(this.xy.length / 2, this.view.zoom), ratio);
      this.drawOver(ratio);
    });
  }

  drawOver(ratio) {
    const { colours, outline, focus, near } = this.data;
    const hovered = this.hovered >= 0 ? [this.xy[2 * this.hovered], this.xy[2 * this.hovered + 1]] : null;
    const state = { colours, outline, draft: this.sketch, focus, near, hovered, aim: this.isAimed };
    drawOver(this.over.getContext("2d"), this.view, ratio, state);
  }

  // -- what gestures do -------------------------------------------------------------------------------------------
  press(button) {
    if (!button) return;
    const { tool } = button.dataset;
    if (tool) this.use(tool);
    const does = { in: () => this.closer(1.5), out: () => this.closer(1 / 1.5), reset: () => this.reset() };
    does.take = () => this.take([[0, 0], [this.view.width, 0], [this.view.width, this.view.height], [0, this.view.height]]);
    does[button.dataset.do]?.();
  }

  use(tool) {
    this.tool = this.root.dataset.tool = tool;
    for (const button of this.root.querySelectorAll("button[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  }

  move(right, down) {
    this.view.move(right, down);
    this.hoverAimed();
    this.draw();
  }

  closer(times, left, top) {
    this.view.closer(times, left, top);
    this.hoverAimed();
    this.draw();
  }

  reset() {
    this.view.fit();
    this.draw();
  }

  draft(places) {
    this.sketch = places?.map(([left, top]) => this.view.toMap(left, top)) ?? null;
    this.draw();
  }

  // An outline in pixels becomes the filter: only its corners are sent, the server decides what lies inside.
  take(places) {
    this.draft(places);
    this.send("taken", { corners: this.sketch });
  }

  async pick(point) {
    this.send("picked", { row: await this.rowOf(point) });
  }

  unmark() {
    this.hover(null);
    if (this.marked !== null) this.send("picked", { row: null });
  }

  send(name, value) {
    this.api.setTriggerValue(name, value);
  }

  // Points are numbered as drawn; with a sample that is not the row of the data set.
  async rowOf(point) {
    const { rows } = this.data.arrays;
    return rows ? (await load(rows))[point] : point;
  }

  // -- under the pointer, or in the middle while keys move the map -------------------------------------------------
  pointAt(left, top) {
    if (!this.xy) return -1;
    this.index ??= new Nearest(this.xy, this.view.bounds);
    return this.index.find(...this.view.toMap(left, top), REACH / this.view.scale, this.meant);
  }

  aimAt(isAimed) {
    this.isAimed = isAimed;
    if (isAimed) this.hoverAimed();
    this.draw();
  }

  hoverAimed() {
    if (this.isAimed) this.hover([this.view.width / 2, this.view.height / 2]);
    else this.hover(null);
  }

  pickAimed() {
    if (this.hovered >= 0) this.pick(this.hovered);
  }

  hover(place) {
    const point = place ? this.pointAt(...place) : -1;
    if (point === this.hovered) return;
    this.hovered = point;
    this.root.toggleAttribute("data-on-point", point >= 0);
    this.card.hidden = true;
    this.draw();
    if (point >= 0) this.showCard(point);
  }

  async showCard(point) {
    const { data } = this;
    let text, row;
    try {
      [text, row] = await Promise.all([sentence(data, point), this.rowOf(point)]);
    } catch (error) {
      return void this.failed(error);
    }
    if (this.hovered !== point) return;
    const [picture, words] = this.card.children;
    words.textContent = text;
    this.live.textContent = this.isAimed ? text : "";
    if (data.thumbs) picture.src = `${data.thumbs}${row}`;
    else picture.removeAttribute("src");
    const [left, top] = this.view.toScreen(this.xy[2 * point], this.xy[2 * point + 1]);
    placeCard(this.card, { left, top }, this.view);
  }
}
