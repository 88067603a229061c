"""Adding to an append-only log: every entry once by (session, seq), however often it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection, Table, insert, select

from analysis.base.errors import Refused
from analysis.review.limits import MAX_BATCH

_IN_CHUNK = 500  # numbers in one IN (…)


class Entry(Protocol):
    """A frozen dataclass whose fields are columns of its table; the client names it by session and number."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def session(self) -> str:
        """Who counts."""

    @property
    def seq(self) -> int:
        """The number in that session."""


E = TypeVar("E", bound=Entry)


class Booked(dict[str, list[int]]):
    """What is in the store now, by session: the acknowledged seqs, sorted.

    `conflicts` lists (session, seq) that were booked before with another content. The first content stands; the
    second is not stored and not acknowledged. The sender must give it another session (a duplicated tab does this).
    `new` holds the (session, seq) that were not there before.
    """

    def __init__(
        self,
        acknowledged: dict[str, list[int]],
        conflicts: list[tuple[str, int]],
        new: Iterable[tuple[str, int]] = (),
    ) -> None:
        super().__init__(acknowledged)
        self.conflicts = conflicts
        self.new = frozenset(new)


def checked(entries: Sequence[E], check: Callable[[E], None]) -> list[E]:
    """The entries, by number inside a session and as sent between sessions; Refused names session and number."""
    if len(entries) > MAX_BATCH:
        raise Refused(f"{len(entries)} decisions came at once", wanted=f"at most {MAX_BATCH}")
    for entry in entries:
        try:
            check(entry)
        except Refused as error:
            found = f"{error.found} (session {str(entry.session)[:40]!r}, number {str(entry.seq)[:20]})"
            raise Refused(found, wanted=error.wanted, hint=error.hint) from error
    place = {session: i for i, session in enumerate(dict.fromkeys(entry.session for entry in entries))}
    return sorted(entries, key=lambda entry: (place[entry.session], entry.seq))


def add(conn: Connection, table: Table, entries: Sequence[E], *, scope: str) -> Booked:
    """Store those entries of a checked batch that are not there yet, inside the caller's writing transaction."""
    if not entries:
        return Booked({}, [])
    names = [field.name for field in fields(entries[0])]
    known = _known(conn, table, entries, scope=scope)
    new, conflicts, now = [], set(), time.time()
    for entry in entries:
        key, content = (entry.session, entry.seq), tuple(getattr(entry, name) for name in names)
        if key not in known:
            known[key] = content
            new.append({**dict(zip(names, content, strict=True)), "scope": scope, "booked_at": now})
        elif known[key] != content:
            conflicts.add(key)
    if new:
        conn.execute(insert(table), new)
    there: dict[str, list[int]] = {}
    for session, seq in sorted({(entry.session, entry.seq) for entry in entries} - conflicts):
        there.setdefault(session, []).append(seq)
    return Booked(there, sorted(conflicts), ((row["session"], row["seq"]) for row in new))


def _known(
    conn: Connection, table: Table, entries: Sequence[E], *, scope: str
) -> dict[tuple[str, int], tuple[Any, ...]]:
    """The content of those that are in the table already."""
    asked: dict[str, list[int]] = {}
    for entry in entries:
        asked.setdefault(entry.session, []).append(entry.seq)
    columns = [table.c[field.name] for field in fields(entries[0])]
    known: dict[tuple[str, int], tuple[Any, ...]] = {}
    for session, seqs in asked.items():
        for start in range(0, len(seqs), _IN_CHUNK):
            part = table.c.seq.in_(seqs[start : start + _IN_CHUNK])
            query = select(table.c.seq, *columns).where(table.c.scope == scope, table.c.session == session, part)
            known |= {(session, int(row[0])): tuple(row[1:]) for row in conn.execute(query)}
    return known
