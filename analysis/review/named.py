"""Queues that were given a name: the rule that makes them, for everybody who judges; never a list of images."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from sqlalchemy import ColumnElement, Connection, insert, select, update

from analysis.base.errors import BadInput, NotFoundHere, Refused
from analysis.review.decisions import DecisionStore
from analysis.review.limits import MAX_CHARS, MAX_SEQ, check_text
from analysis.review.tables import queues

Kind = Literal["rule", "audit", "view"]
KINDS: tuple[Kind, ...] = get_args(Kind)
POPULATIONS = ("unjudged", "all")
MAX_NAME = 100
MAX_RULE = 16_384  # characters of JSON
MAX_OPEN = 500  # queues of one scope that are not closed
MAX_SAMPLE = 1_000_000  # images in an audit


@dataclass(frozen=True)
class NamedQueue:
    """A queue by name. `kind` "rule": `rule` is a filter and its options; "audit": m, seed, as_of, population;
    "view": page, filter and options of what somebody looked at.

    `created_at` is in seconds since the epoch, the server's clock. `problem` says why the rule cannot be used, and
    `rule` is then empty; it is "" in every queue that `NamedQueues.get` gives.
    """

    queue_id: str
    kind: str
    name: str
    rule: dict[str, Any]
    created_by: str
    created_at: float
    is_closed: bool
    problem: str = ""


class NamedQueues:
    """The named queues beside the decisions of a store. `now` gives seconds since the epoch."""

    def __init__(self, store: DecisionStore, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.now = now

    def add(self, kind: Kind, name: str, rule: Mapping[str, Any], created_by: str) -> str:
        """Store a queue and give its id. The same open queue once more is the one that is there already.

        Raises Refused for a kind, name or rule that cannot be stored, and for the name of another open queue.
        """
        _check_line("name", name, MAX_NAME)
        _check_line("creator", created_by, MAX_CHARS["reviewer"])
        written = _written(kind, rule)
        with self.store.writing() as conn:
            still_open = [queue for queue in self._read(conn) if not queue.is_closed]
            same = next((queue for queue in still_open if queue.name == name), None)
            if same is not None:
                if not same.problem and (same.kind, same.rule) == (kind, json.loads(written)):
                    return same.queue_id
                raise Refused(f"There is another queue named {name!r}", hint="choose another name, or close that queue")
            if len(still_open) >= MAX_OPEN:
                raise Refused(f"{MAX_OPEN} queues are open", hint="close those that are done")
            queue_id = secrets.token_hex(6)
            facts = {"kind": kind, "name": name, "rule": written, "created_by": created_by, "created_at": self.now()}
            conn.execute(insert(queues).values(scope=self.store.scope, queue_id=queue_id, is_closed=False, **facts))
        return queue_id

    def all(self, include_closed: bool = False) -> list[NamedQueue]:
        """The queues, the newest first; a damaged one is among them and says so in `problem`."""
        with self.store.reading() as conn:
            return [queue for queue in self._read(conn) if include_closed or not queue.is_closed]

    def get(self, queue_id: str) -> NamedQueue:
        """One queue, open or closed. Raises NotFoundHere, and BadInput where its rule is damaged."""
        with self.store.reading() as conn:
            found = self._read(conn, queues.c.queue_id == _sound_id(queue_id))
        if not found:
            _not_there(queue_id)
        if found[0].problem:
            raise BadInput(found[0].problem, hint="close this queue and make it anew")
        return found[0]

    def close(self, queue_id: str) -> None:
        """Take a queue off the list; what was decided in it stays. Closing twice changes nothing."""
        which = (self._mine(), queues.c.queue_id == _sound_id(queue_id))
        with self.store.writing() as conn:
            if conn.execute(update(queues).where(*which).values(is_closed=True)).rowcount == 0:
                _not_there(queue_id)

    def _read(self, conn: Connection, *which: ColumnElement[bool]) -> list[NamedQueue]:
        columns = (queues.c[name] for name in NamedQueue.__dataclass_fields__ if name != "problem")
        order = (queues.c.created_at.desc(), queues.c.queue_id)
        return [
            _queue(**row._asdict())
            for row in conn.execute(select(*columns).where(self._mine(), *which).order_by(*order))
        ]

    def _mine(self) -> ColumnElement[bool]:
        return queues.c.scope == self.store.scope


def _queue(*, kind: str, name: str, rule: str, **facts: Any) -> NamedQueue:
    """A queue from its row, whatever somebody else wrote there."""
    try:
        return NamedQueue(kind=kind, name=name, rule=_understood(kind, rule), **facts)
    except Refused as error:
        problem = f"The queue {name[:MAX_NAME]!r} cannot be used: {error}"
        return NamedQueue(kind=kind, name=name, rule={}, problem=problem, **facts)


def _written(kind: str, rule: Mapping[str, Any]) -> str:
    """The rule as JSON; Refused where it would not be the same when it is read again."""
    try:
        text = json.dumps(dict(rule), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused("The rule of a queue cannot be written down", wanted="plain JSON values") from error
    _understood(kind, text)
    return text


def _understood(kind: str, text: str) -> dict[str, Any]:
    if len(text) > MAX_RULE:
        raise Refused(f"The rule of a queue has {len(text)} characters", wanted=f"at most {MAX_RULE}")
    try:
        rule = json.loads(text)
        json.dumps(rule, ensure_ascii=False, allow_nan=False).encode()  # no screen can show half a character
    except (ValueError, RecursionError) as error:
        raise Refused("The rule of a queue is no plain JSON", wanted="a JSON object") from error
    if not isinstance(rule, dict):
        raise Refused("The rule of a queue is no JSON object", wanted='{"name": value, …}')
    if kind not in KINDS:
        raise Refused(f"A queue of the kind {kind[:40]!r} is not known", wanted="one of " + ", ".join(KINDS))
    if kind == "audit":
        _check_audit(rule)
    if kind == "view":
        _check_view(rule)
    return rule


def _check_audit(rule: dict[str, Any]) -> None:
    """An audit is exactly its four numbers: one that is not understood would be another sample."""
    largest = {"m": MAX_SAMPLE, "seed": MAX_SEQ, "as_of": MAX_SEQ}
    if set(rule) != {*largest, "population"}:
        found = ", ".join(sorted(rule))[:200] or "nothing"
        raise Refused(f"The rule of an audit holds {found}", wanted="as_of, m, population, seed")
    for name, most in largest.items():
        least = 1 if name == "m" else 0
        if type(rule[name]) is not int or not least <= rule[name] <= most:
            raise Refused(
                f"The {name} of an audit is {str(rule[name])[:40]}", wanted=f"a whole number in {least}..{most}"
            )
    if rule["population"] not in POPULATIONS:
        found = str(rule["population"])[:40]
        raise Refused(f"The population of an audit is {found!r}", wanted="one of " + ", ".join(POPULATIONS))


def _check_view(rule: dict[str, Any]) -> None:
    """A view is a page with a filter and options as they stand in an address: texts by name."""
    sound = set(rule) == {"page", "filter", "options"} and isinstance(rule["page"], str)
    for part in ("filter", "options"):
        texts = rule.get(part)
        sound = sound and isinstance(texts, dict) and all(isinstance(value, str) for value in texts.values())
    if not sound:
        raise Refused("The rule of a view cannot be read", wanted="page, filter and options, texts by name")


def _check_line(what: str, value: object, longest: int) -> None:
    check_text(what, value, longest, one_line=True, of="a queue")
    if not str(value).strip():
        raise Refused(f"The {what} of a queue is empty")


def _sound_id(queue_id: str) -> str:
    """The id, once it is known to be one: it comes out of addresses that anybody can type."""
    if not (isinstance(queue_id, str) and 0 < len(queue_id) <= 64 and queue_id.isascii() and queue_id.isalnum()):
        _not_there(queue_id)
    return queue_id


def _not_there(queue_id: object) -> NoReturn:
    raise NotFoundHere(f"There is no queue {str(queue_id)[:40]!r}", hint="choose one from the list")
