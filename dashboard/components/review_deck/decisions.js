// What people decide: made into operations for the journal, taken back, and remembered after a reload.

import { isFree, keyOf } from "./items.js";

const MARKS = new Set(["exclude", "include"]); // beside the verdict on the label: the image stays where it is
const NOTES = 2000; // characters

const now = () => Date.now() / 1000;

export class Decisions {
  constructor(journal, items, leases) {
    this.journal = journal;
    this.items = items;
    this.leases = leases;
    this.notes = new Map(); // key of an item -> what is being written for its next decision
    this.shown = new Map(); // key of an item on the screen -> since when (seconds)
  }

  // These are on the screen now.
  saw(items) {
    const since = (item) => this.shown.get(keyOf(item)) ?? now();
    this.shown = new Map(items.map((item) => [keyOf(item), since(item)]));
  }

  noteOf(item) {
    return this.notes.get(keyOf(item)) ?? this.items.inForce(item)?.note ?? "";
  }

  write(item, text) {
    this.notes.set(keyOf(item), text.slice(0, NOTES));
  }

  // One history entry for each: {session, seq, verdict, label, note, item, reviewer, group}.
  book(entries, { mode = "single", group = null } = {}) {
    const { reviewer, round } = this.items;
    const added = this.journal.add(
      entries.map(({ item, verdict, labels = [] }) => ({
        ...this.operation(item, mode),
        verdict,
        new_labels: labels,
        note: MARKS.has(verdict) ? "" : this.noteOf(item).trim(),
      })),
    );
    return added.map(({ session, seq, verdict, note }, index) => {
      const { item, labels = [] } = entries[index];
      const decision = { session, seq, verdict, label: labels.join(", "), note };
      if (MARKS.has(verdict)) this.items.mark(item.id, decision);
      else {
        this.items.record(item, { ...decision, round });
        this.notes.delete(keyOf(item));
      }
      this.journal.history.push({ ...decision, item, reviewer, group });
      return decision;
    });
  }

  operation(item, mode = "single") {
    return {
      image_id: item.id,
      suggested: item.suggested,
      reviewer: this.items.reviewer,
      run_id: item.run_id ?? "",
      shown_at: this.shown.get(keyOf(item)) ?? null,
      mode,
      queue: item.tag ?? "",
      purpose: item.purpose ?? "",
    };
  }

  // Take back this reviewer's last step, which may be a whole page: its history entries, the latest first.
  undo() {
    const { journal, items } = this;
    const last = journal.history.findLast((entry) => entry.reviewer === items.reviewer);
    if (!last) return [];
    const isOf = (entry) => entry === last || (last.group !== null && entry.group === last.group);
    const step = journal.history.filter(isOf).reverse();
    journal.history = journal.history.filter((entry) => !isOf(entry));
    journal.add(step.map(({ seq, item }) => ({ ...this.operation(item), verdict: "undo", undoes: seq })));
    for (const entry of step) {
      items.takeBack(entry.item, entry);
      if (entry.note) this.notes.set(keyOf(entry.item), entry.note);
      if (items.isOpen(entry.item) && !isFree(entry.item)) this.leases.lend(entry.item.id);
    }
    return step;
  }

  get canUndo() {
    return this.journal.history.some((entry) => entry.reviewer === this.items.reviewer);
  }

  // The last n images that were decided, the latest first, each with the decision that counts.
  latest(n) {
    const { history } = this.journal;
    const found = new Map();
    for (let at = history.length - 1; at >= 0 && found.size < n; at -= 1) {
      const entry = history[at];
      const key = keyOf(entry.item);
      if (MARKS.has(entry.verdict) || entry.reviewer !== this.items.reviewer || found.has(key)) continue;
      found.set(key, entry);
    }
    return [...found.values()];
  }

  // What was decided before this page was loaded is not asked again. The page knows the marks of decisions that are
  // booked, and better: somebody else may have changed them.
  remember(operations, { marks = true } = {}) {
    for (const op of operations) {
      const item = op.item ?? { id: op.image_id, purpose: op.purpose ?? "" };
      const { session, seq, verdict, note, reviewer } = op;
      const label = op.label ?? (op.new_labels ?? []).join(", ");
      if (verdict === "undo") this.items.takeBack(item, { session, seq: op.undoes }, reviewer);
      else if (!MARKS.has(verdict)) this.items.record(item, { session, seq, verdict, label, note }, reviewer);
      else if (marks) this.items.mark(item.id, { session, seq, verdict });
    }
  }

  // What is booked needs no lease any more, but for an image that was taken back in the meantime.
  settled(operations) {
    for (const { image_id: id, verdict, purpose } of operations) {
      if (verdict === "undo" || MARKS.has(verdict)) continue;
      this.leases.forget(id);
      const item = { id, purpose: purpose ?? "" };
      if (this.items.isOpen(item) && !isFree(item)) this.leases.lend(id);
    }
  }
}
