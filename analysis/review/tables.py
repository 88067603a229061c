"""The tables of the decision store as they are now; how older ones become these stands in `upgrades.py`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    UniqueConstraint,
    case,
    exists,
    func,
    select,
)

metadata = MetaData()

big = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself in SQLite

# What people said of images. Rows are only ever added; a trigger refuses anything else.
events = Table(
    "lookalike_events",
    metadata,
    Column("event_id", big, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False),  # which workspace, where one server keeps the decisions of several
    Column("session", Text, nullable=False),
    Column("seq", big, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("suggested", Text, nullable=False),
    Column("new_label", Text),
    Column("reviewer", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("decided_at", Float(53), nullable=False),  # the client's clock
    Column("booked_at", Float(53), nullable=False),  # the server's clock
    Column("note", Text, nullable=False),
    Column("undoes", big),
    Column("mode", Text, nullable=False, server_default=""),
    Column("shown_at", Float(53)),
    Column("queue", Text, nullable=False, server_default=""),
    Column("purpose", Text, nullable=False, server_default=""),
    UniqueConstraint("scope", "session", "seq", name="lookalike_events_once"),
    Index("lookalike_events_undone", "scope", "session", "undoes"),
    Index("lookalike_events_image", "scope", "image_id"),
    Index("lookalike_events_order", "scope", "event_id"),
    sqlite_autoincrement=True,  # a number is never given twice, not even after rows were lost
)

# What people said of pairs of classes; `class_a` < `class_b`. Rows are only ever added.
edge_events = Table(
    "lookalike_edge_events",
    metadata,
    Column("event_id", big, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("seq", big, nullable=False),
    Column("class_a", Text, nullable=False),
    Column("class_b", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("guideline", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("decided_at", Float(53), nullable=False),
    Column("booked_at", Float(53), nullable=False),
    UniqueConstraint("scope", "session", "seq", name="lookalike_edge_events_once"),
    Index("lookalike_edge_events_pair", "scope", "class_a", "class_b"),
    sqlite_autoincrement=True,
)

# Who has which image on the screen right now. Rows come and go: nothing is lost with them.
leases = Table(
    "lookalike_leases",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("image_id", Text, primary_key=True),
    Column("session", Text, primary_key=True),
    Column("reviewer", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("until", Float(53), nullable=False),  # the server's clock
    Index("lookalike_leases_until", "scope", "until"),
)

# Queues that were given a name: the rule, never a list of images.
queues = Table(
    "lookalike_queues",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("queue_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # rule or audit
    Column("name", Text, nullable=False),
    Column("rule", Text, nullable=False),  # JSON
    Column("created_by", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("is_closed", Boolean, nullable=False),
)

version = Table(
    "lookalike_format",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("since", Float(53), nullable=False),
)


def aspect() -> ColumnElement[str]:
    """What an event speaks of: the mark of an image, the settling of a disagreement, or its label."""
    return case(
        (events.c.verdict.in_(("exclude", "include")), "mark"),
        (events.c.purpose == "adjudicate", "adjudicate"),
        else_="label",
    )


def live(*conditions: ColumnElement[bool], until: int | None = None) -> Select[tuple[int]]:
    """The numbers of the events that stand: per image, reviewer and aspect the last one that was not undone.

    `until`: as it stood after that event. Decisions that only measure the reviewer never stand.
    """
    taken_back = events.alias("taken_back")
    undone = [
        taken_back.c.verdict == "undo",
        taken_back.c.scope == events.c.scope,
        taken_back.c.session == events.c.session,
        taken_back.c.undoes == events.c.seq,
    ]
    said = [events.c.verdict != "undo", events.c.purpose.not_in(("known", "repeat")), *conditions]
    if until is not None:
        undone.append(taken_back.c.event_id <= until)
        said.append(events.c.event_id <= until)
    newest = func.row_number().over(
        partition_by=(events.c.scope, events.c.image_id, events.c.reviewer, aspect()),
        order_by=events.c.event_id.desc(),
    )
    standing = select(events.c.event_id, newest.label("place")).where(*said, ~exists().where(*undone)).subquery("live")
    return select(standing.c.event_id).where(standing.c.place == 1)
