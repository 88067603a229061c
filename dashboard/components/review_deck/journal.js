// Decisions on their way to the server. Every one is in localStorage before anything else happens and stays there
// until the server says that it is durable; sending one twice books it once, because (session, seq) names it.
// Where people sign in, each carries the proof of its reviewer's sign-in, and is booked under that account or not at all:
// one whose proof the server does not take any more waits here until that account is signed in again.

import { bytes, post } from "./post.js";
import { keysOf, lasting, ofTab, read, readList, write } from "./storage.js";

const FLUSH_AFTER = 150; // ms after a decision, so that quick ones travel together
const BATCH = 100; // decisions in one request
const BATCH_BYTES = 48_000; // a request that outlives the page may carry 64 KiB
const REMEMBER_AFTER = 400; // ms; what can be undone after a reload is written when there is time
const RELOAD_AGAIN = 30_000; // ms
const RETRY = [1000, 2000, 4000, 8000];

const journalKey = (workspace, session) => `lookalike.journal.${workspace}.${session}`;
const nameOf = ({ session, seq }) => `${session} ${seq}`;
const tabKey = (workspace) => `lookalike.tab.${workspace}`;

// Hold a lock for as long as this page lives. true: ours now; false: another tab has it; null: no locks here.
function tryToHold(name) {
  if (!navigator.locks) return Promise.resolve(null);
  return new Promise((done) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      done(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}

const newSession = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Journal {
  constructor(workspace, onChange) {
    this.workspace = workspace;
    this.onChange = onChange;
    this.pending = []; // ours, oldest first
    this.adopted = new Map(); // session -> operations that a closed tab left behind
    this.history = []; // decisions and marks that can be undone, see decisions.js
    this.saved = 0;
    this.refused = []; // messages of decisions that will never be booked
    this.trouble = "";
    this.stored = true;
    this.sending = 0; // requests under way: two where the page was left during one
    this.failures = 0;
    this.target = null; // {url, token, reviewer, proof} as the page last gave them; proof: null without a sign-in
    this.spent = new Set(); // proofs that the server does not take
    // An account that signs in in another tab sends what waits for it in this one
    this.signedIn = window.BroadcastChannel ? new BroadcastChannel(`lookalike.proof.${workspace}`) : null;
    this.signedIn?.addEventListener("message", ({ data }) => {
      this.renew(data);
      this.send();
    });
  }

  // A reloaded tab goes on with its session; a duplicated one finds it held and begins its own.
  async open() {
    const kept = read(ofTab, tabKey(this.workspace));
    const mine = kept?.session && (await tryToHold(`lookalike.${kept.session}`)) === true;
    if (mine) {
      this.session = kept.session;
      this.pending = readList(lasting, journalKey(this.workspace, this.session));
      this.history = Array.isArray(kept.history) ? kept.history : [];
      this.saved = kept.saved ?? 0;
      this.seq = Math.max(kept.seq ?? 0, ...this.pending.map((op) => op.seq));
    } else {
      this.session = newSession();
      this.seq = 0;
      await tryToHold(`lookalike.${this.session}`);
    }
    this.keep();
    this.remember();
    this.adoptOthers();
    addEventListener("pagehide", () => {
      this.remember();
      this.send(true);
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.send(true));
    addEventListener("online", () => this.send());
    return this;
  }

  // What tabs that are gone left behind is sent under their own session. A living tab holds its lock, and we wait.
  adoptOthers() {
    const prefix = journalKey(this.workspace, "");
    for (const key of keysOf(lasting)) {
      const session = key.startsWith(prefix) ? key.slice(prefix.length) : "";
      if (!session || session === this.session) continue;
      const take = () =>
        new Promise((done) => {
          const operations = readList(lasting, key);
          if (!operations.length) {
            write(lasting, key, null);
            done();
            return;
          }
          this.adopted.set(session, { operations, done });
          this.onChange("adopted", operations);
          this.send();
        });
      if (navigator.locks) navigator.locks.request(`lookalike.${session}`, take);
      else take();
    }
  }

  get unsaved() {
    return this.pending.length + [...this.adopted.values()].reduce((sum, left) => sum + left.operations.length, 0);
  }

  get all() {
    return [...[...this.adopted.values()].flatMap((left) => left.operations), ...this.pending];
  }

  // Made under another account, and not to be sent before that one is signed in again.
  waits({ reviewer, proof = "" }) {
    if (!this.target || reviewer === this.target.reviewer) return false;
    return this.spent.has(proof) || Boolean(!proof && this.target.proof);
  }

  get waiting() {
    return this.all.filter((op) => this.waits(op));
  }

  isPending(id) {
    return this.pending.some((op) => op.image_id === id && !this.waits(op));
  }

  keep() {
    const journal = journalKey(this.workspace, this.session);
    this.stored = write(lasting, journal, this.pending.length ? this.pending : null);
  }

  // The way back, for this tab after a reload. It is large, and not needed for anything to be booked.
  remember() {
    clearTimeout(this.remembering);
    this.remembering = 0;
    const { session, seq, saved } = this;
    let history = this.history.slice(-300);
    while (!write(ofTab, tabKey(this.workspace), { session, seq, saved, history }) && history.length) {
      history = history.slice(Math.ceil(history.length / 2)); // no room: fewer steps back
    }
  }

  // Keep these and send them soon; they are given back with their names.
  add(operations) {
    const { reviewer, proof } = this.target ?? {};
    const whole = operations.map((operation) => {
      this.seq = Math.max(this.seq + 1, Date.now()); // no number comes twice, even where the count was forgotten
      const proven = proof && operation.reviewer === reviewer ? { proof } : {};
      return { ...operation, ...proven, session: this.session, seq: this.seq, decided_at: Date.now() / 1000 };
    });
    this.pending.push(...whole);
    this.keep();
    this.remembering ||= setTimeout(() => this.remember(), REMEMBER_AFTER);
    if (!this.failures) this.sendSoon(); // else the next try is set already, and takes these along
    return whole;
  }

  sendSoon() {
    clearTimeout(this.timer);
    const oldest = this.waitingSince ?? (this.waitingSince = Date.now());
    const wait = Math.min(FLUSH_AFTER, Math.max(0, oldest + 2 * FLUSH_AFTER - Date.now()));
    this.timer = setTimeout(() => this.send(), wait);
  }

  aim(target) {
    const changed = Object.keys(target).some((name) => target[name] !== this.target?.[name]);
    this.target = target;
    if (!changed) return;
    const { reviewer, proof } = target;
    if (proof) {
      this.renew({ reviewer, proof });
      this.signedIn?.postMessage({ reviewer, proof });
    }
    this.send();
  }

  // The account is signed in now: whatever waits for it is sent with this proof.
  renew({ reviewer, proof }) {
    const anew = (op) => (op.reviewer === reviewer ? { ...op, proof } : op);
    this.pending = this.pending.map(anew);
    this.keep();
    for (const [session, left] of this.adopted) {
      left.operations = left.operations.map(anew);
      const key = journalKey(this.workspace, session);
      write(lasting, key, readList(lasting, key).map(anew));
    }
  }

  // As many of the oldest ones as one request carries.
  batch() {
    const found = [];
    let size = 0;
    for (const op of this.all) {
      if (this.waits(op)) continue;
      size += bytes(JSON.stringify(op)) + 1;
      if (found.length && (size > BATCH_BYTES || found.length >= BATCH)) break;
      found.push(op);
    }
    return found;
  }

  async send(leaving = false) {
    if (!this.target || (this.sending && !leaving)) return;
    const ops = this.batch();
    if (!ops.length) return;
    clearTimeout(this.timer);
    this.waitingSince = null;
    this.sending += 1;
    try {
      this.settle(await post(this.target.url, this.target.token, { ops }), ops);
    } catch (error) {
      this.failed(error.message);
      if (error.gone) this.onChange("gone", error.message);
    } finally {
      this.sending -= 1;
    }
    if (!this.failures && this.unsaved) this.send();
  }

  // May the page be loaded again? Not in the background, not again and again, and never where decisions would be lost.
  mayReload() {
    const last = Number(read(ofTab, "lookalike.reloaded") ?? 0);
    if (!this.stored || Date.now() - last < RELOAD_AGAIN || document.visibilityState === "hidden") return false;
    return write(ofTab, "lookalike.reloaded", Date.now());
  }

  settle({ acked, problems, unproven }, sent) {
    const answered = new Set([...acked, ...problems].map(nameOf));
    const open = (op) => !answered.has(nameOf(op));
    const before = this.unsaved;
    this.pending = this.pending.filter(open);
    for (const [session, left] of this.adopted) {
      left.operations = left.operations.filter(open);
      const key = journalKey(this.workspace, session);
      const rest = readList(lasting, key).filter(open); // where there are no locks, its tab may live and write more
      write(lasting, key, rest.length ? rest : null);
      if (!left.operations.length) {
        this.adopted.delete(session);
        left.done();
      }
    }
    this.saved += Math.max(0, before - this.unsaved - problems.length);
    this.refused.push(...problems.map((problem) => problem.message));
    this.keep();
    this.onChange("settled", sent.filter((op) => !open(op)));
    const signIn = this.unproven(unproven, sent);
    // An answer that settles nothing would be asked for again at once, for ever
    const isSilent = !unproven.length && sent.every(open);
    if (signIn || isSilent) this.failed(signIn ?? "The server did not answer for any decision.");
    else {
      this.failures = 0;
      this.trouble = "";
    }
    if (signIn) this.onChange("gone", signIn); // a new page has a new proof, or asks to sign in
  }

  // Why the server does not take what the account that is signed in here made, or undefined.
  unproven(refused, sent) {
    const why = new Map(refused.map((one) => [nameOf(one), one.message]));
    for (const op of sent) if (why.has(nameOf(op))) this.spent.add(op.proof ?? "");
    const { reviewer } = this.target;
    const ours = this.all.find((op) => why.has(nameOf(op)) && op.reviewer === reviewer && !this.isFresh(op));
    return ours && why.get(nameOf(ours));
  }

  // Renewed while the old proof was under way.
  isFresh({ proof }) {
    return Boolean(proof) && !this.spent.has(proof);
  }

  failed(message) {
    if (!this.unsaved) return; // another request that was under way had them all
    this.trouble = message;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), RETRY[Math.min(this.failures, RETRY.length - 1)]);
    this.failures += 1;
    this.onChange("failed");
  }
}
