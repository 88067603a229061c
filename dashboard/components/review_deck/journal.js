// Decisions on their way to the server. Every one is in localStorage before anything else happens and stays there
// until the server says that it is durable; sending one twice books it once, because (session, seq) names it.

const FLUSH_AFTER = 150; // ms after a decision, so that quick ones travel together
const BATCH = 100; // a keepalive request may carry 64 KiB
const RETRY = [1000, 2000, 4000, 8000];

const journalKey = (workspace, session) => `lookalike.journal.${workspace}.${session}`;
const tabKey = (workspace) => `lookalike.tab.${workspace}`;

function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null; // damaged, or storage is switched off
  }
}

function write(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // full or switched off: the deck says so
  }
}

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

// The server was restarted: a fragment of the old session cannot be run again, only a new page knows the new token.
function reloadOnce() {
  const last = Number(read(sessionStorage, "lookalike.reloaded") ?? 0);
  if (Date.now() - last < 30_000 || document.visibilityState === "hidden") return;
  if (write(sessionStorage, "lookalike.reloaded", Date.now())) location.reload();
}

const newSession = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Journal {
  constructor(workspace, onChange) {
    this.workspace = workspace;
    this.onChange = onChange;
    this.pending = []; // ours, oldest first
    this.adopted = new Map(); // session -> operations that a closed tab left behind
    this.history = []; // decisions that can be undone: {session, seq, item, verdict, label}
    this.saved = 0;
    this.refused = []; // messages of decisions that will never be booked
    this.trouble = "";
    this.stored = true;
    this.failures = 0;
    this.target = null; // {url, token} as the page last gave them
  }

  // A reloaded tab goes on with its session; a duplicated one finds it held and begins its own.
  async open() {
    const kept = read(sessionStorage, tabKey(this.workspace));
    const mine = kept?.session && (await tryToHold(`lookalike.${kept.session}`)) === true;
    if (mine) {
      this.session = kept.session;
      this.pending = read(localStorage, journalKey(this.workspace, this.session)) ?? [];
      this.history = kept.history ?? [];
      this.saved = kept.saved ?? 0;
      this.seq = Math.max(kept.seq ?? 0, ...this.pending.map((op) => op.seq));
    } else {
      this.session = newSession();
      this.seq = 0;
      await tryToHold(`lookalike.${this.session}`);
    }
    this.keep();
    this.adoptOthers();
    addEventListener("pagehide", () => this.send(true));
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.send(true));
    addEventListener("online", () => this.send());
    return this;
  }

  // What tabs that are gone left behind is sent under their own session. A living tab holds its lock, and we wait.
  adoptOthers() {
    const prefix = journalKey(this.workspace, "");
    for (const key of Object.keys(localStorage)) {
      const session = key.startsWith(prefix) ? key.slice(prefix.length) : "";
      if (!session || session === this.session) continue;
      const take = () =>
        new Promise((done) => {
          const operations = read(localStorage, key) ?? [];
          if (!operations.length) {
            write(localStorage, key, null);
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

  keep() {
    const { session, seq, saved } = this;
    const journal = journalKey(this.workspace, session);
    this.stored = write(localStorage, journal, this.pending.length ? this.pending : null);
    let history = this.history.slice(-300);
    while (!write(sessionStorage, tabKey(this.workspace), { session, seq, saved, history }) && history.length) {
      history = history.slice(Math.ceil(history.length / 2)); // no room: remember fewer steps back after a reload
    }
  }

  add(operation) {
    this.seq = Math.max(this.seq + 1, Date.now()); // no number comes twice, even where the count was forgotten
    const whole = { ...operation, session: this.session, seq: this.seq, decided_at: Date.now() / 1000 };
    this.pending.push(whole);
    this.keep();
    clearTimeout(this.timer);
    const oldest = this.waitingSince ?? (this.waitingSince = Date.now());
    const wait = Math.min(FLUSH_AFTER, Math.max(0, oldest + 2 * FLUSH_AFTER - Date.now()));
    if (!this.failures) this.timer = setTimeout(() => this.send(), wait);
    this.onChange("added");
    return whole;
  }

  aim(target) {
    const changed = target.token !== this.target?.token || target.url !== this.target?.url;
    this.target = target;
    if (changed) this.send();
  }

  async send(leaving = false) {
    if (!this.target || (this.sending && !leaving)) return;
    const left = [...this.adopted.values()].flatMap((one) => one.operations);
    const ops = [...left, ...this.pending].slice(0, BATCH);
    if (!ops.length) return;
    clearTimeout(this.timer);
    this.waitingSince = null;
    this.sending = true;
    try {
      const answer = await fetch(this.target.url, {
        method: "POST",
        keepalive: true,
        headers: { "content-type": "application/json", "x-lookalike-token": this.target.token },
        body: JSON.stringify({ ops }),
      });
      const said = await answer.json();
      if (answer.status === 401 || answer.status === 404) reloadOnce();
      if (!answer.ok) throw new Error(said.error ?? `the server answered ${answer.status}`);
      this.settle(said);
    } catch (error) {
      this.failed(error instanceof TypeError ? "The server cannot be reached." : error.message);
    } finally {
      this.sending = false;
    }
    if (!this.failures && this.unsaved) this.send();
  }

  settle({ acked, problems }) {
    const answered = new Set([...acked, ...problems].map((op) => `${op.session} ${op.seq}`));
    const open = (op) => !answered.has(`${op.session} ${op.seq}`);
    const before = this.unsaved;
    this.pending = this.pending.filter(open);
    for (const [session, left] of this.adopted) {
      left.operations = left.operations.filter(open);
      write(localStorage, journalKey(this.workspace, session), left.operations.length ? left.operations : null);
      if (!left.operations.length) {
        this.adopted.delete(session);
        left.done();
      }
    }
    this.saved += Math.max(0, before - this.unsaved - problems.length);
    this.refused.push(...problems.map((problem) => problem.message));
    this.failures = 0;
    this.trouble = "";
    this.keep();
    this.onChange("settled");
    // An answer that settles nothing would be asked for again at once, for ever
    if (before === this.unsaved) this.failed("The server did not answer for any decision.");
  }

  failed(message) {
    this.trouble = message;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), RETRY[Math.min(this.failures, RETRY.length - 1)]);
    this.failures += 1;
    this.onChange("failed");
  }
}
