// The images of a queue as far as they were sent: windows are merged, decided images are passed over, the next ones
// are fetched before they are needed.

const PRELOAD = 20;
const ASK_BELOW = 20; // images left before the next window is asked for

export class Items {
  constructor() {
    this.queue = null;
    this.list = [];
    this.known = new Set(); // positions in the queue that were received
    this.decided = new Map(); // image id -> decisions in force made here, newest last
    this.elsewhere = new Map(); // other tab of this browser -> image id it shows
    this.at = 0;
    this.total = 0;
    this.pictures = new Map();
  }

  // Take a window; true when it belongs to another queue than the last one.
  merge({ queue, total, items }) {
    const fresh = queue !== this.queue;
    if (fresh) {
      this.queue = queue;
      this.list = [];
      this.known.clear();
      this.pictures.clear();
      this.at = 0;
      this.asked = null;
    }
    this.total = total;
    const have = new Set(this.list.map((item) => item.id));
    for (const item of items) {
      if (this.known.has(item.n)) continue;
      this.known.add(item.n);
      if (!have.has(item.id)) this.list.push(item);
    }
    if (fresh) this.at = this.firstOpen(0);
    return fresh;
  }

  get current() {
    return this.list[this.at];
  }

  get complete() {
    return this.known.size >= this.total;
  }

  // A skip is no judgement.
  get judged() {
    return this.list.filter((item) => !item.guest && !this.isOpen(item) && this.inForce(item.id).verdict !== "skip").length;
  }

  get skipped() {
    return this.list.filter((item) => !item.guest && this.inForce(item.id)?.verdict === "skip").length;
  }

  isOpen(item) {
    return !this.decided.has(item.id);
  }

  // The next image that is open and that no other tab shows; where there is none, one that is merely open.
  firstOpen(from) {
    const shown = new Set(this.elsewhere.values());
    const open = this.list.findIndex((item, index) => index >= from && this.isOpen(item) && !shown.has(item.id));
    if (open >= 0 || !this.complete) return open >= 0 ? open : this.list.length;
    const last = this.list.findIndex((item, index) => index >= from && this.isOpen(item));
    return last >= 0 ? last : this.list.length;
  }

  // After a decision: the next open image; at the end of a complete queue, one that was passed over.
  advance() {
    this.at = this.firstOpen(this.at + 1);
    if (this.at >= this.list.length && this.complete) {
      const passed = this.firstOpen(0);
      this.at = passed < this.list.length ? passed : this.list.length;
    }
  }

  move(step) {
    this.at = Math.max(0, Math.min(this.list.length, this.at + step));
  }

  // Show this image, which may come from an earlier queue.
  show(item) {
    const index = this.list.findIndex((one) => one.id === item.id);
    if (index >= 0) this.at = index;
    else this.list.splice(this.at, 0, { ...item, guest: true }); // counted in its own queue
  }

  record(id, decision) {
    this.decided.set(id, [...(this.decided.get(id) ?? []), decision]);
  }

  takeBack(id, session, seq) {
    const left = (this.decided.get(id) ?? []).filter((one) => one.session !== session || one.seq !== seq);
    if (left.length) this.decided.set(id, left);
    else this.decided.delete(id);
  }

  inForce(id) {
    return this.decided.get(id)?.at(-1);
  }

  // The position from which more is needed, once; null when there is enough or no more.
  wanted() {
    const left = this.list.slice(this.at).filter((item) => this.isOpen(item)).length;
    if (this.complete || left >= ASK_BELOW) return null;
    let start = 0;
    while (this.known.has(start)) start += 1;
    if (this.asked === start) return null;
    this.asked = start;
    return start;
  }

  picture(item) {
    if (!item.image) return null;
    let image = this.pictures.get(item.id);
    if (!image) {
      image = new Image();
      image.decoding = "async";
      image.draggable = false;
      image.src = item.image;
      this.pictures.set(item.id, image);
    }
    return image;
  }

  preload() {
    const near = this.list.slice(Math.max(0, this.at - 3), this.at + 1);
    const next = this.list.slice(this.at + 1).filter((item) => this.isOpen(item)).slice(0, PRELOAD);
    const keep = new Set([...near, ...next].map((item) => item.id));
    for (const id of this.pictures.keys()) if (!keep.has(id)) this.pictures.delete(id);
    for (const item of [...near, ...next]) this.picture(item);
  }
}
