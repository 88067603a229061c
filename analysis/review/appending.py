"""Adding to an append-only log: every entry once by (session, seq), however often it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.exc import IntegrityError

from analysis.base.errors import Refused
from analysis.review.limits import MAX_BATCH

_IN_CHUNK = 500  # numbers in one IN (…)

Key = tuple[str, int]  # session and seq
Content = dict[str, Any]  # by column


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
        conflicts: list[Key],
        new: Iterable[Key] = (),
    ) -> None:
        super().__init__(acknowledged)
        self.conflicts = conflicts
        self.new = frozenset(new)

    def of(self, keys: AbstractSet[Key]) -> Booked:
        """The part of the answer that is about these (session, seq)."""
        theirs = {session: [seq for seq in seqs if (session, seq) in keys] for session, seqs in self.items()}
        there = {session: seqs for session, seqs in theirs.items() if seqs}
        return Booked(there, [key for key in self.conflicts if key in keys], self.new & keys)


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
    said: dict[Key, Content] = {}
    conflicts: set[Key] = set()
    for entry in entries:
        key, content = (entry.session, entry.seq), {name: getattr(entry, name) for name in _names(entries)}
        if said.setdefault(key, content) != content:
            conflicts.add(key)
    new = said
    point = conn.begin_nested()
    try:
        _insert(conn, table, new, scope=scope)
        point.commit()
    except IntegrityError:  # some are there already: only who sends again pays for looking
        point.rollback()  # and not on other errors: a full disk has ended the transaction, its savepoint with it
        known = _known(conn, table, entries, scope=scope)
        conflicts |= {key for key, content in known.items() if said[key] != content}
        new = {key: content for key, content in said.items() if key not in known}
        _insert(conn, table, new, scope=scope)
    there: dict[str, list[int]] = {}
    for session, seq in sorted(said.keys() - conflicts):
        there.setdefault(session, []).append(seq)
    return Booked(there, sorted(conflicts), new)


def _insert(conn: Connection, table: Table, new: Mapping[Key, Content], *, scope: str) -> None:
    also = {"scope": scope, "booked_at": time.time()}
    if new:
        conn.execute(insert(table), [content | also for content in new.values()])


def _known(conn: Connection, table: Table, entries: Sequence[E], *, scope: str) -> dict[Key, Content]:
    """The content of those that are in the table already."""
    asked: dict[str, list[int]] = {}
    for entry in entries:
        asked.setdefault(entry.session, []).append(entry.seq)
    names = _names(entries)
    known: dict[Key, Content] = {}
    for session, seqs in asked.items():
        for start in range(0, len(seqs), _IN_CHUNK):
            part = table.c.seq.in_(seqs[start : start + _IN_CHUNK])
            query = select(*(table.c[name] for name in names))
            for row in conn.execute(query.where(table.c.scope == scope, table.c.session == session, part)):
                content = dict(zip(names, row, strict=True))
                known[(session, int(content["seq"]))] = content
    return known


def _names(entries: Sequence[E]) -> list[str]:
    return [field.name for field in fields(entries[0])]
