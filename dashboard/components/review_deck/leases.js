// The right to show an image: held for a minute, renewed while the page is in sight, so that two people never judge the
// same image unless the queue asks for that. Asked for ahead of need, so that nobody waits for it.

import { post } from "./post.js";

const RETRY = [1000, 2000, 4000, 8000];
const SECONDS = 60; // until the server has said how long a lease is
const LENT = 15; // seconds an image that was taken back is ours before the server has said so
const MOST = 100; // images in one request
const BEHIND = 30; // images that were passed over without a decision and stay ours

// A clock that stands still while the machine sleeps and one that can be set back: the older answer counts.
const clocks = () => ({ wall: Date.now(), steady: performance.now() });
const age = (then) => Math.max(Date.now() - then.wall, performance.now() - then.steady) / 1000;

export class Leases {
  constructor(onChange) {
    this.onChange = onChange;
    this.granted = new Map(); // image id -> {since, seconds}
    this.taken = new Set(); // others have them now
    this.done = new Set(); // judged by enough people
    this.asking = new Set(); // in the request that is under way
    this.overtaken = new Set(); // decided or taken back since then: what it answers for these is of before
    this.trouble = "";
    this.failures = 0;
  }

  // From here on for this queue and reviewer; {url, token, session, reviewer, proof, queue, opinions, adjudicate}.
  aim(target) {
    if (JSON.stringify(target) !== JSON.stringify(this.target)) this.target = target;
  }

  // Another queue or reviewer: what is not needed there is given back, what was heard of others is asked again.
  begin(needed, isBusy) {
    this.giveBack([...this.granted.keys()].filter((id) => !needed.has(id) && !isBusy(id)));
    this.granted.clear();
    this.taken.clear();
    this.done.clear();
  }

  holds(id) {
    const lease = this.granted.get(id);
    return Boolean(lease) && age(lease.since) < lease.seconds;
  }

  isLost(id) {
    return this.done.has(id) || (this.taken.has(id) && !this.holds(id));
  }

  // An image that was just taken back: nobody else was offered it yet.
  lend(id) {
    this.overtaken.add(id);
    this.done.delete(id);
    this.taken.delete(id);
    if (!this.holds(id)) this.granted.set(id, { since: clocks(), seconds: LENT, lent: true });
  }

  forget(id) {
    this.overtaken.add(id);
    this.granted.delete(id);
  }

  // Hold these (in the order of need). `isBusy`: decided, and the decision is not at the server yet. `retry`: also ask
  // for what others have.
  refill(ids, { enough, isBusy, retry = false }) {
    if (!this.target || this.waiting) return;
    const missing = ids.filter((id) => !this.isFirm(id) && (retry || !this.taken.has(id)) && !isBusy(id));
    const due = [...this.granted.values()].some((lease) => !lease.lent && age(lease.since) >= lease.seconds / 2);
    const held = ids.filter((id) => this.isFirm(id)).length; // a lent one is not ours before the server has said so
    if (!due && (!missing.length || (held >= enough && this.isFirm(ids[0])))) return;
    if (this.asking.size) return; // when the answer is here, the deck is drawn and comes back
    const wanted = new Set(ids);
    const others = [...this.granted.keys()].filter((id) => !wanted.has(id));
    const behind = others.filter((id) => !isBusy(id));
    const spare = behind.slice(0, Math.max(0, behind.length - BEHIND));
    for (const id of spare) this.granted.delete(id);
    const renewed = due ? [...this.granted.keys()].filter((id) => !this.granted.get(id).lent) : [];
    this.ask([...new Set([...missing, ...renewed])].slice(0, MOST), spare.slice(0, MOST));
  }

  isFirm(id) {
    return this.holds(id) && !this.granted.get(id).lent;
  }

  async ask(ids, release) {
    const { url, token, ...who } = this.target;
    const since = clocks(); // the server counts from later on
    const target = this.target;
    this.asking = new Set(ids);
    this.overtaken.clear();
    try {
      const answer = await post(url, token, { ...who, ids, release });
      if (this.target === target) this.learn(answer, since);
      this.trouble = "";
      this.failures = 0;
    } catch (error) {
      this.trouble = error.message;
      this.wait(error);
    }
    this.asking = new Set();
    this.onChange(); // draws, and asks for what is needed by now
  }

  learn({ seconds, ...answer }, since) {
    const isValid = (id) => !this.overtaken.has(id);
    const [granted, taken, done] = [answer.granted, answer.taken, answer.done].map((ids) => ids.filter(isValid));
    for (const id of granted) {
      this.granted.set(id, { since, seconds: seconds || SECONDS });
      this.taken.delete(id);
      this.done.delete(id);
    }
    const known = new Set([...granted, ...done]);
    for (const id of this.asking) if (isValid(id) && !known.has(id)) this.taken.add(id);
    for (const id of [...taken, ...done]) this.granted.delete(id);
    for (const id of done) {
      this.done.add(id);
      this.taken.delete(id);
    }
  }

  wait(error) {
    this.waiting = true;
    const after = RETRY[Math.min(this.failures, RETRY.length - 1)];
    this.failures += 1;
    setTimeout(() => {
      this.waiting = false;
      this.onChange();
    }, after);
    if (error.gone) this.onChange("gone", error.message);
  }

  // Let others have these; the page may be going away.
  giveBack(ids) {
    if (!this.target || !ids.length) return;
    const { url, token, ...who } = this.target;
    for (let start = 0; start < ids.length; start += MOST) {
      post(url, token, { ...who, ids: [], release: ids.slice(start, start + MOST) }).catch(() => {}); // they run out
    }
  }

  giveBackAll(isBusy) {
    this.giveBack([...this.granted.keys()].filter((id) => !isBusy(id)));
    this.granted.clear();
  }
}
