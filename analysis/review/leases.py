"""Who has which image on the screen: short leases, so that two people judge the same image only where that is asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select

from analysis.base.errors import Refused
from analysis.base.types import MARKS, Decision
from analysis.review.limits import MAX_CHARS, check_text
from analysis.review.standing import JUDGEMENTS
from analysis.review.tables import aspect, events, leases, live

if TYPE_CHECKING:
    from analysis.review.decisions import DecisionStore

LEASE_SECONDS = 60.0
MAX_SECONDS = 600.0
MAX_IDS = 100  # images in one call
MAX_OPINIONS = 20

Fate = Literal["granted", "taken", "done"]


@dataclass(frozen=True)
class Answer:
    """What became of the images that were asked for, each in one of the lists, in the order of asking.

    granted: held by this session now. taken: enough people are on it, or this reviewer has it in another tab. done:
    judged by as many people as are wanted, judged by this reviewer already, or settled by an adjudicator.
    """

    granted: list[str]
    taken: list[str]
    done: list[str]


@dataclass(frozen=True)
class Holder:
    """A reviewer at work in a queue: how many images are held there, and until when (seconds, the server's clock)."""

    reviewer: str
    queue: str
    images: int
    until: float


@dataclass(frozen=True)
class _Asker:
    session: str
    reviewer: str
    queue: str
    opinions: int
    adjudicate: bool


class _Said(NamedTuple):
    """What stands of the label of an image: one row per reviewer, two for one who also settled a disagreement."""

    reviewer: str
    verdict: str
    purpose: str


class _Held(NamedTuple):
    """A lease on an image that is alive."""

    session: str
    reviewer: str
    queue: str


class Leases:
    """Leases on images, in the database of the decisions, so that they hold across processes and machines.

    `now` gives seconds since the epoch. One write transaction a call: the store lets in one writer at a time, so two
    sessions that ask at the same moment are answered one after the other.
    """

    def __init__(self, store: DecisionStore, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.now = now

    def ask(
        self,
        ids: Iterable[str],
        *,
        session: str,
        reviewer: str,
        queue: str,
        opinions: int = 1,
        adjudicate: bool = False,
        seconds: float = LEASE_SECONDS,
    ) -> Answer:
        """Lease images to a session for some seconds, or renew the leases it has; at most `MAX_IDS` a call.

        An image is granted while fewer than `opinions` different people have judged or hold it, the reviewer not among
        them. Unsure counts as judged; skips, and decisions that only measure the reviewer, do not. `adjudicate`: one
        person at a time, until it is settled, however many judged it. Raises Refused and StoreFailure.
        """
        asked = _checked_ids(ids)
        asker = _Asker(session, reviewer, queue, opinions, adjudicate)
        _check(asker, seconds)
        if not asked:
            return Answer([], [], [])
        with self.store.writing() as conn:
            now = self.now()
            conn.execute(delete(leases).where(self._mine(), or_(*_expired(now))))
            said, held = self._said(conn, asked), self._held(conn, asked)
            fates = {image: _fate(asker, said.get(image, []), held.get(image, [])) for image in asked}
            answer = Answer(*([i for i in asked if fates[i] == fate] for fate in ("granted", "taken", "done")))
            conn.execute(delete(leases).where(self._mine(), leases.c.session == session, leases.c.image_id.in_(asked)))
            facts = {"scope": self.store.scope, "session": session, "reviewer": reviewer, "queue": queue}
            rows = [{**facts, "image_id": image, "until": now + seconds} for image in answer.granted]
            if rows:
                conn.execute(insert(leases), rows)
        return answer

    def release(self, session: str, ids: Iterable[str] | None = None) -> None:
        """Give back what a session holds: those images (at most `MAX_IDS`), or all of them."""
        _check_word("session", session)
        named = None if ids is None else _checked_ids(ids)
        if named == []:
            return
        which = [self._mine(), leases.c.session == session]
        if named is not None:
            which.append(leases.c.image_id.in_(named))
        with self.store.writing() as conn:
            conn.execute(delete(leases).where(*which))

    def holders(self) -> list[Holder]:
        """Who is at work right now, by reviewer and queue; who asked last comes first."""
        last = func.max(leases.c.until)
        columns = (leases.c.reviewer, leases.c.queue, func.count(leases.c.image_id.distinct()), last)
        by = (leases.c.reviewer, leases.c.queue)
        with self.store.reading() as conn:
            held = select(*columns).where(self._mine(), and_(*(~gone for gone in _expired(self.now()))))
            rows = conn.execute(held.group_by(*by).order_by(last.desc(), *by)).all()
        return [Holder(str(who), str(queue), int(images), float(until)) for who, queue, images, until in rows]

    def _said(self, conn: Connection, ids: Sequence[str]) -> dict[str, list[_Said]]:
        standing = live(events.c.scope == self.store.scope, events.c.image_id.in_(ids), aspect() != "mark")
        columns = (events.c.image_id, events.c.reviewer, events.c.verdict, events.c.purpose)
        found: dict[str, list[_Said]] = {}
        for image, *facts in conn.execute(select(*columns).where(events.c.event_id.in_(standing))):
            found.setdefault(image, []).append(_Said(*facts))
        return found

    def _held(self, conn: Connection, ids: Sequence[str]) -> dict[str, list[_Held]]:
        columns = (leases.c.image_id, leases.c.session, leases.c.reviewer, leases.c.queue)
        found: dict[str, list[_Held]] = {}
        for image, *facts in conn.execute(select(*columns).where(self._mine(), leases.c.image_id.in_(ids))):
            found.setdefault(image, []).append(_Held(*facts))
        return found

    def _mine(self) -> ColumnElement[bool]:
        return leases.c.scope == self.store.scope


def hand_back(conn: Connection, scope: str, booked: Iterable[Decision]) -> None:
    """Delete the leases of sessions on images they have just decided; part of the booking's own transaction.

    An undo and a mark leave the image on the screen, so they leave its lease too.
    """
    gone = [
        {"whose": decision.session, "what": decision.image_id}
        for decision in booked
        if decision.verdict != "undo" and decision.verdict not in MARKS
    ]
    theirs = (leases.c.session == bindparam("whose"), leases.c.image_id == bindparam("what"))
    if gone:
        conn.execute(delete(leases).where(leases.c.scope == scope, *theirs), gone)


def _fate(asker: _Asker, said: Sequence[_Said], held: Sequence[_Held]) -> Fate:
    """What becomes of one image, from the verdicts that stand and the leases that are alive."""
    judged = {row.reviewer for row in said if row.purpose != "adjudicate" and row.verdict != "skip"}
    if _is_done(asker, said, judged):
        return "done"
    here = [row for row in held if row.session == asker.session]
    if any(row.reviewer == asker.reviewer and row.queue == asker.queue for row in here):
        return "granted"
    others = {row.reviewer for row in held if row.session != asker.session}
    people, wanted = (others, 1) if asker.adjudicate else (others | judged, asker.opinions)
    return "taken" if asker.reviewer in others or len(people) >= wanted else "granted"


def _is_done(asker: _Asker, said: Sequence[_Said], judged: set[str]) -> bool:
    settling = [row for row in said if row.purpose == "adjudicate"]
    if any(row.verdict in JUDGEMENTS for row in settling):
        return True
    if asker.adjudicate:  # whoever could not settle it leaves it to another adjudicator
        return any(row.reviewer == asker.reviewer and row.verdict == "unsure" for row in settling)
    return asker.reviewer in judged or len(judged) >= asker.opinions


def _expired(now: float) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Either means that a lease is over. No lease lasts longer than `MAX_SECONDS`: the clock was set back."""
    return leases.c.until <= now, leases.c.until > now + MAX_SECONDS


def _checked_ids(ids: Iterable[str]) -> list[str]:
    """The images once each, in the order of asking."""
    asked = list(ids)
    if len(asked) > MAX_IDS:
        raise Refused(f"{len(asked)} images were asked for at once", wanted=f"at most {MAX_IDS}")
    for image in asked:
        _check_word("image_id", image)
    return list(dict.fromkeys(asked))


def _check(asker: _Asker, seconds: float) -> None:
    for name in ("session", "reviewer", "queue"):
        _check_word(name, getattr(asker, name))
    opinions = asker.opinions
    if not isinstance(opinions, int) or isinstance(opinions, bool) or not 1 <= opinions <= MAX_OPINIONS:
        raise Refused(f"{str(opinions)[:40]} opinions were asked for", wanted=f"a whole number in 1..{MAX_OPINIONS}")
    if not isinstance(seconds, int | float) or not math.isfinite(seconds) or not 0 < seconds <= MAX_SECONDS:
        raise Refused(f"A lease of {str(seconds)[:40]} seconds", wanted=f"at most {MAX_SECONDS:.0f}, more than none")


def _check_word(name: str, value: object) -> None:
    check_text(name, value, MAX_CHARS[name], one_line=name != "image_id", of="a lease")
    if not value and name != "queue":
        raise Refused(f"The {name} of a lease is empty")
