// What part of the map is on the screen: one scale for both directions, because distances count on a map.

const CLOSEST = 2000; // times closer than the whole map
const ROOM = 0.92; // share of the screen that the whole map takes

export class View {
  constructor() {
    this.width = this.height = 1; // CSS pixels
    this.bounds = [0, 0, 1, 1]; // left, low, right, high, in map coordinates
    this.fit();
  }

  // All of the points; the zoom is kept when the same map gets another size on the screen.
  fit() {
    const [left, low, right, high] = this.bounds;
    this.x = (left + right) / 2;
    this.y = (low + high) / 2;
    this.zoom = 1;
  }

  get scale() {
    const [left, low, right, high] = this.bounds;
    const wide = Math.max(right - left, 1e-9), tall = Math.max(high - low, 1e-9);
    return ROOM * this.zoom * Math.min(this.width / wide, this.height / tall); // CSS pixels a unit
  }

  toScreen(x, y) {
    const k = this.scale;
    return [this.width / 2 + (x - this.x) * k, this.height / 2 - (y - this.y) * k];
  }

  toMap(left, top) {
    const k = this.scale;
    return [this.x + (left - this.width / 2) / k, this.y - (top - this.height / 2) / k];
  }

  move(right, down) {
    const k = this.scale;
    this.x -= right / k;
    this.y += down / k;
  }

  // Closer (or further, below 1) around a place on the screen, which stays where it is.
  closer(times, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toMap(left, top);
    this.zoom = Math.min(CLOSEST, Math.max(0.5, this.zoom * times));
    const [nowX, nowY] = this.toMap(left, top);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  // Go to a place, at least so close that its surroundings can be told apart.
  show(x, y, zoom = 6) {
    this.x = x;
    this.y = y;
    this.zoom = Math.max(this.zoom, zoom);
  }
}

// left, low, right, high of (x, y) pairs.
export function boundsOf(xy) {
  let left = Infinity, low = Infinity, right = -Infinity, high = -Infinity;
  for (let i = 0; i < xy.length; i += 2) {
    if (xy[i] < left) left = xy[i];
    if (xy[i] > right) right = xy[i];
    if (xy[i + 1] < low) low = xy[i + 1];
    if (xy[i + 1] > high) high = xy[i + 1];
  }
  return xy.length ? [left, low, right, high] : [0, 0, 1, 1];
}
