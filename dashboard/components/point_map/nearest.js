// Which point is nearest to a place: points sorted into square cells, so that a look-up sees a few of them only.

const A_CELL = 4; // points in a cell, on average

export class Nearest {
  constructor(xy, bounds) {
    const n = xy.length / 2;
    const [left, low, right, high] = bounds;
    this.xy = xy;
    this.left = left;
    this.low = low;
    this.side = Math.max(Math.sqrt(((right - left) * (high - low) * A_CELL) / Math.max(n, 1)), (right - left + high - low) / 4000, 1e-9);
    this.wide = Math.floor((right - left) / this.side) + 1;
    this.tall = Math.floor((high - low) / this.side) + 1;
    this.starts = new Uint32Array(this.wide * this.tall + 1);
    const cells = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      cells[i] = this.column(xy[2 * i]) + this.wide * this.row(xy[2 * i + 1]);
      this.starts[cells[i] + 1]++;
    }
    for (let c = 0; c < this.wide * this.tall; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.points = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.points[next[cells[i]]++] = i;
  }

  column(x) {
    return Math.min(this.wide - 1, Math.max(0, Math.floor((x - this.left) / this.side)));
  }

  row(y) {
    return Math.min(this.tall - 1, Math.max(0, Math.floor((y - this.low) / this.side)));
  }

  // The point nearest to (x, y) within `reach`, or -1. Those that are meant win over those that are not.
  find(x, y, reach, meant) {
    let best = -1, least = Infinity;
    const first = this.row(y - reach), last = this.row(y + reach);
    for (let row = first; row <= last; row++) {
      const from = this.starts[row * this.wide + this.column(x - reach)];
      const to = this.starts[row * this.wide + this.column(x + reach) + 1];
      for (let at = from; at < to; at++) {
        const i = this.points[at];
        const far = Math.hypot(this.xy[2 * i] - x, this.xy[2 * i + 1] - y);
        if (far > reach) continue;
        const order = far + (meant[i] ? 0 : reach);
        if (order < least) [best, least] = [i, order];
      }
    }
    return best;
  }
}
