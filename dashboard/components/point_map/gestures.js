// Pointer, wheel and keys on the map. One gesture is one message: an outline, a picked point, nothing in between.

const CLICK = 5; // pixels: what moves less is a click
const STEP = 3; // pixels between two corners of a lasso
const CORNERS = 60; // of a lasso that is sent; the server keeps as many
const DOUBLE = 220; // ms to wait for a second click before one click counts

export class Gestures {
  constructor(node, map) {
    this.node = node;
    this.map = map;
    this.drag = null;
    const on = (name, act, options) => node.addEventListener(name, act, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", () => this.cancel());
    on("pointerleave", () => !this.drag && map.hover(null));
    on("dblclick", () => {
      clearTimeout(this.timer);
      map.reset();
    });
    on("wheel", (event) => {
      event.preventDefault();
      map.closer(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0015)), ...this.at(event));
    }, { passive: false });
    on("keydown", (event) => this.key(event));
    on("focus", () => map.aimAt(node.matches(":focus-visible")));
    on("blur", () => map.aimAt(false));
  }

  at(event) {
    const box = this.node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (event.button > 1) return;
    this.node.setPointerCapture(event.pointerId);
    this.map.aimAt(false);
    const place = this.at(event);
    const tool = event.button === 1 || event.ctrlKey || event.altKey || event.metaKey ? "move" : this.map.tool;
    this.drag = { tool, start: place, last: place, places: [place], moved: false };
    if (event.button === 1) event.preventDefault();
  }

  move(event) {
    const place = this.at(event);
    const { drag, map } = this;
    if (!drag) return void map.hover(place);
    drag.moved ||= Math.hypot(place[0] - drag.start[0], place[1] - drag.start[1]) > CLICK;
    if (!drag.moved) return;
    map.hover(null);
    if (drag.tool === "move") map.move(place[0] - drag.last[0], place[1] - drag.last[1]);
    else map.draft(this.corners(drag, place));
    drag.last = place;
  }

  corners(drag, [left, top]) {
    const [x, y] = drag.start;
    if (drag.tool === "box") return [[x, y], [left, y], [left, top], [x, top]];
    const before = drag.places[drag.places.length - 1];
    if (Math.hypot(left - before[0], top - before[1]) >= STEP) drag.places.push([left, top]);
    return drag.places;
  }

  up(event) {
    const { drag, map } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.moved) {
      if (drag.tool !== "move") map.take(thinned(this.corners(drag, this.at(event))));
      return;
    }
    if (event.button !== 0) return;
    clearTimeout(this.timer);
    const point = map.pointAt(...drag.start);
    if (point >= 0) this.timer = setTimeout(() => map.pick(point), DOUBLE);
  }

  cancel() {
    this.drag = null;
    this.map.draft(null);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { map } = this;
    const far = event.shiftKey ? 120 : 30;
    const does = {
      ArrowLeft: () => map.move(far, 0),
      ArrowRight: () => map.move(-far, 0),
      ArrowUp: () => map.move(0, far),
      ArrowDown: () => map.move(0, -far),
      "+": () => map.closer(1.5),
      "=": () => map.closer(1.5),
      "-": () => map.closer(1 / 1.5),
      0: () => map.reset(),
      Enter: () => map.pickAimed(),
      Escape: () => (this.drag ? this.cancel() : map.unmark()),
    }[event.key];
    if (!does && !/^[a-z]$/i.test(event.key)) return;
    event.stopPropagation(); // the page has keys of its own, such as r
    if (!does) return;
    event.preventDefault();
    map.aimAt(true);
    does();
  }
}

// At most CORNERS of the corners, evenly taken along the outline.
function thinned(places) {
  if (places.length <= CORNERS) return places;
  return Array.from({ length: CORNERS }, (_, i) => places[Math.round((i * (places.length - 1)) / (CORNERS - 1))]);
}
