// Nothing is judged unseen. An image or a page of them must have been on the screen for a moment before a key judges it
// where it came by itself, such as after a lease ran out: the key was meant for what stood there before.

export const LOOK = 300; // ms

export class Look {
  constructor(onRefused) {
    this.onRefused = onRefused;
    this.item = null; // what stands there, or stood there before it was taken away
    this.since = -Infinity; // when another one came in its place by itself
    this.refused = false; // a key, since then
  }

  // This image is drawn now, or none; `isAsked`: because of a key or a click.
  drawn(item, { isAsked }) {
    if (isAsked) {
      this.since = -Infinity;
      this.refused = false;
      this.item = item;
    } else if (item && item !== this.item) {
      if (this.item) this.since = performance.now();
      this.item = item;
    }
  }

  // Is it too soon to judge what is drawn?
  refuses() {
    if (performance.now() - this.since >= LOOK) return false;
    this.refused = true;
    this.onRefused();
    return true;
  }
}
