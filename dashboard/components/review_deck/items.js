// The images of a queue as far as they were sent: windows are merged, decided images and those that others have are
// passed over, the next ones are fetched before they are needed.

const PRELOAD = 20; // images
const DECODE = 4; // of these are made ready for the screen
const ASK_AGAIN = 8000; // ms until a window that did not come is asked for again
const MEASURES = new Set(["known", "repeat"]); // these measure the reviewer: nobody else is kept from them
// No lease is needed. An image that was taken back after its queue was left is free as well: the rules of that queue
// are not known any more.
export const isFree = (item) => item.guest || MEASURES.has(item.purpose);

// The same image may stand in a queue twice, once to measure the reviewer.
export const keyOf = ({ id, purpose }) => (purpose ? `${purpose}\n${id}` : id);

export class Items {
  constructor(leases) {
    this.leases = leases;
    this.reviewer = "";
    this.queue = null;
    this.list = [];
    this.known = new Set(); // positions in the queue that were received
    this.decided = new Map(); // reviewer and key of the item -> their decisions in force made here, newest last
    this.keys = new WeakMap(); // item -> its key, made once: all items are looked up at every press
    this.marks = new Map(); // image id -> "exclude" and "include" booked here that stand, newest last
    this.visited = null; // the image that somebody went to
    this.round = ""; // what was skipped is passed over in the same round only
    this.at = 0;
    this.total = 0;
    this.earlier = 0; // the last images of the queue: skipped on an earlier visit
    this.pictures = new Map();
  }

  // Take a window; true when it belongs to another queue or reviewer than the last one.
  merge({ queue, total, skipped, items, reviewer, tag, run_id }) {
    const fresh = queue !== this.queue || reviewer !== this.reviewer;
    if (fresh) {
      this.queue = queue;
      this.reviewer = reviewer;
      this.list = [];
      this.known.clear();
      this.at = 0;
      this.asked = null;
      this.rounds = 0;
      this.again();
    }
    this.total = total;
    this.earlier = skipped;
    const have = new Set(this.list.map(keyOf));
    for (const item of items) {
      if (this.known.has(item.n)) continue;
      this.known.add(item.n);
      if (!have.has(keyOf(item))) this.list.push({ ...item, tag, run_id });
    }
    return fresh;
  }

  // A new round: what was skipped comes again.
  again() {
    this.rounds += 1;
    this.round = `${this.queue} ${this.rounds}`;
  }

  get current() {
    return this.list[this.at];
  }

  get complete() {
    return this.known.size >= this.total;
  }

  // -- decisions ------------------------------------------------------------------------------------------------------
  key(item, reviewer = this.reviewer) {
    const kept = this.keys.get(item);
    if (kept?.reviewer === reviewer) return kept.key;
    const key = `${reviewer}\n${keyOf(item)}`;
    this.keys.set(item, { reviewer, key });
    return key;
  }

  inForce(item) {
    return item && this.decided.get(this.key(item))?.at(-1);
  }

  record(item, decision, reviewer = this.reviewer) {
    const key = this.key(item, reviewer);
    const had = this.decided.get(key) ?? [];
    if (had.some((one) => one.session === decision.session && one.seq === decision.seq)) return;
    this.decided.set(key, [...had, decision]);
  }

  takeBack(item, { session, seq }, reviewer = this.reviewer) {
    const remove = (map, key) => {
      const left = (map.get(key) ?? []).filter((one) => one.session !== session || one.seq !== seq);
      if (left.length) map.set(key, left);
      else map.delete(key);
    };
    remove(this.decided, this.key(item, reviewer));
    remove(this.marks, item.id);
  }

  mark(id, decision) {
    this.marks.set(id, [...(this.marks.get(id) ?? []), decision]);
  }

  excluded(item) {
    const last = this.marks.get(item.id)?.at(-1);
    return last ? last.verdict === "exclude" : item.excluded;
  }

  // -- which image comes ----------------------------------------------------------------------------------------------
  isOpen(item) {
    return this.leavesOpen(this.inForce(item));
  }

  leavesOpen(last) {
    return !last || (last.verdict === "skip" && last.round !== this.round);
  }

  // Open, and ours to judge.
  ready(item) {
    return this.isOpen(item) && (isFree(item) || this.leases.holds(item.id));
  }

  // Open, as far as it is known also for us.
  isWanted(item) {
    return this.isOpen(item) && (isFree(item) || !this.leases.isLost(item.id));
  }

  // May it stand on the screen? What was decided here may be looked at again, by whoever goes back to it.
  shows(item) {
    return Boolean(item) && (this.isOpen(item) ? this.ready(item) : item === this.visited);
  }

  // After a decision: the next image that is ready, at the end one that was passed over.
  advance() {
    this.visited = null;
    const size = this.list.length;
    const here = Math.min(this.at, size - 1);
    for (let step = 1; step <= size; step += 1) {
      const at = (here + step) % size;
      if (!this.ready(this.list[at])) continue;
      this.at = at;
      return;
    }
    this.at = size;
  }

  // Keep an image in place that may stand there, or will as soon as the server has answered.
  settle() {
    const item = this.current;
    if (this.shows(item) || (item && this.leases.asking.has(item.id))) return;
    this.advance();
  }

  // One image on or back. What others have is not shown.
  move(step) {
    for (let at = this.at + step; at >= 0 && at < this.list.length; at += step) {
      const item = this.list[at];
      if (this.isOpen(item) && !this.isWanted(item)) continue;
      this.at = at;
      this.visited = item;
      return;
    }
  }

  // Show this image, which may come from an earlier queue.
  show(item) {
    const index = this.list.findIndex((one) => keyOf(one) === keyOf(item));
    if (index >= 0) this.at = index;
    else this.list.splice(this.at, 0, { ...item, guest: true }); // counted in its own queue
    this.visited = this.current;
  }

  *from(at) {
    for (let index = at; index < this.list.length; index += 1) yield this.list[index];
    for (let index = 0; index < Math.min(at, this.list.length); index += 1) yield this.list[index];
  }

  // Ids to be held next, in the order of need; `taken` counts those that others have as well.
  ahead(n, { taken = false } = {}) {
    const ids = [];
    for (const item of this.from(this.at)) {
      if (ids.length >= n) break;
      if (isFree(item) || !this.isOpen(item)) continue;
      if (!this.leases.isLost(item.id) || (taken && this.leases.taken.has(item.id))) ids.push(item.id);
    }
    return ids;
  }

  // For the grid: ready images from here on, of the pair and direction of the first one.
  page(n) {
    const page = [];
    for (const item of this.list.slice(this.at)) {
      if (page.length >= n) break;
      if (item.purpose || !this.ready(item)) continue;
      const [first = item] = page;
      if (item.given === first.given && item.suggested === first.suggested) page.push(item);
    }
    return page;
  }

  // -- how far it is --------------------------------------------------------------------------------------------------
  get counts() {
    const found = { judged: 0, skipped: Math.min(this.earlier, this.total), passed: 0, others: 0, open: 0 };
    const from = this.total - this.earlier;
    for (const item of this.list) {
      if (item.guest) continue;
      const last = this.inForce(item);
      const isOpen = this.leavesOpen(last);
      const isLost = isOpen && !isFree(item) && this.leases.isLost(item.id);
      if (item.n >= from && (last || isLost)) found.skipped -= 1;
      if (last?.verdict === "skip") {
        found.skipped += 1;
        if (!isOpen) found.passed += 1;
      } else if (last) found.judged += 1;
      if (!isOpen) continue;
      if (!isLost) found.open += 1;
      else if (this.leases.done.has(item.id)) found.judged += 1;
      else found.others += 1;
    }
    found.skipped = Math.max(0, found.skipped);
    return found;
  }

  // The position from which more is needed, said once in a while; null when there is enough or no more.
  wanted(enough) {
    if (this.complete) return null;
    let left = 0;
    for (let index = this.at; index < this.list.length && left < enough; index += 1) {
      if (this.isWanted(this.list[index])) left += 1;
    }
    if (left >= enough) return null;
    let start = 0;
    while (this.known.has(start)) start += 1;
    const isNews = this.asked?.start !== start || Date.now() - this.asked.at > ASK_AGAIN;
    if (!isNews) return null;
    this.asked = { start, at: Date.now() };
    return start;
  }

  // -- pictures -------------------------------------------------------------------------------------------------------
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
    const next = [];
    for (let index = this.at + 1; index < this.list.length && next.length < PRELOAD; index += 1) {
      if (this.isWanted(this.list[index])) next.push(this.list[index]);
    }
    const keep = new Set([...near, ...next].map((item) => item.id));
    for (const id of this.pictures.keys()) if (!keep.has(id)) this.pictures.delete(id);
    for (const item of [...near, ...next]) this.picture(item);
    for (const item of next.slice(0, DECODE)) this.decode(this.picture(item));
  }

  decode(image) {
    if (!image || image.isDecoding) return;
    image.isDecoding = true;
    image.decode().catch(() => {}); // broken: said when it is shown
  }
}
