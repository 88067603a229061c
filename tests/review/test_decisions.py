"""What the decision store promises, on every database it can live in."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from analysis.base.errors import BadInput, NewerFormat, NotAvailable, Refused, StoreFailure
from analysis.review import engine as engine_module
from analysis.review import upgrades
from analysis.review.decisions import DecisionStore
from analysis.review.limits import SEPARATOR
from analysis.review.reading import COLUMNS
from tests.review.helpers import decision, undo


def test_an_empty_store_is_empty_and_typed(store: DecisionStore) -> None:
    assert store.count() == store.last_seq() == 0
    assert not store.has_changed_since(0)
    assert list(store.log().columns) == COLUMNS
    assert len(store.current()) == len(store.in_force()) == 0
    assert store.current()["in_force"].dtype == bool
    assert store.book([]) == {}


def test_booked_decisions_come_back_as_they_were_sent(store: DecisionStore) -> None:
    said = [
        decision(1, "ü/b,\n'x'.png", "relabel", new_label="dog,\n\"'=1", note="sure\nquite"),
        decision(2, "c.png", "several", new_label=f"cat{SEPARATOR}dog", decided_at=1_760_000_000.123456789),
        undo(3, 2, "c.png"),
    ]
    assert store.book(said) == {"session-1": [1, 2, 3]}
    log = store.log()
    for row, expected in zip(log.to_dict("records"), said, strict=True):
        for name, value in dataclasses.asdict(expected).items():
            absent = {"new_label": "", "undoes": -1}.get(name)
            if name == "shown_at" and value is None:
                assert np.isnan(row[name])
            else:
                assert row[name] == (absent if value is None else value), name
    assert (log["booked_at"] > 1_700_000_000).all()


def test_decisions_survive_a_restart(url: str) -> None:
    first = DecisionStore(url)
    first.book([decision(1), decision(2, "b.png", "relabel")])
    first.close()
    again = DecisionStore(url)
    assert again.count() == 2
    assert again.booked_seqs("session-1") == [1, 2]
    assert again.in_force()["verdict"].tolist() == ["keep", "relabel"]
    again.close()


def test_a_store_closes_after_a_with_block_and_opens_again_on_use(url: str) -> None:
    with DecisionStore(url) as store:
        store.book([decision(1)])
        inside = store.engine.pool
    assert store.engine.pool is not inside, "the connections of the block are gone"
    assert store.count() == 1
    store.close()


def test_booking_again_changes_nothing_and_is_acknowledged_again(store: DecisionStore) -> None:
    batch = [decision(1), decision(2, "b.png"), decision(1)]
    assert store.book(batch) == {"session-1": [1, 2]}
    before = store.last_seq()
    answer = store.book([*batch, decision(3, "c.png")])
    assert answer == {"session-1": [1, 2, 3]} and answer.conflicts == []
    assert store.count() == 3
    assert store.has_changed_since(before) and not store.has_changed_since(store.last_seq())


def test_a_number_used_twice_with_another_content_is_reported_and_not_overwritten(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep")])
    answer = store.book([decision(1, "b.png", "relabel"), decision(2, "c.png")])
    assert answer == {"session-1": [2]}
    assert answer.conflicts == [("session-1", 1)]
    assert store.log()["image_id"].tolist() == ["a.png", "c.png"]
    inside_one_batch = store.book([decision(5, "x.png"), decision(5, "y.png")])
    assert inside_one_batch == {} and inside_one_batch.conflicts == [("session-1", 5)]
    assert store.log()["image_id"].tolist() == ["a.png", "c.png", "x.png"]


def test_the_same_number_in_two_sessions_is_two_decisions(store: DecisionStore) -> None:
    answer = store.book([decision(1), decision(1, "b.png", session="session-2")])
    assert answer == {"session-1": [1], "session-2": [1]}
    assert store.count() == 2


def test_a_batch_is_booked_by_number_inside_a_session_and_as_sent_between_sessions(store: DecisionStore) -> None:
    store.book([decision(2, session="z"), decision(7, session="a"), decision(1, session="z")])
    log = store.log()
    assert list(zip(log["session"], log["seq"], strict=True)) == [("z", 1), ("z", 2), ("a", 7)]


def test_a_large_batch_is_booked_and_known_again(store: DecisionStore) -> None:
    batch = [decision(i, f"{i}.png") for i in range(1203)]
    assert len(store.book(batch)["session-1"]) == 1203
    assert len(store.book(batch)["session-1"]) == 1203
    assert store.count() == 1203


def test_the_last_word_of_each_reviewer_and_of_all(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep"), decision(2, "a.png", "relabel")])
    store.book([decision(1, "a.png", "unsure", reviewer="bob", session="bob-1"), decision(3, "b.png")])
    current = store.current()
    assert list(zip(current["image_id"], current["reviewer"], current["verdict"], strict=True)) == [
        ("a.png", "ada", "relabel"),
        ("a.png", "bob", "unsure"),
        ("b.png", "ada", "keep"),
    ]
    assert store.in_force().set_index("image_id")["verdict"].to_dict() == {"a.png": "relabel", "b.png": "keep"}


def who(name: str, **more: Any) -> dict[str, Any]:
    return {"reviewer": name, "session": f"session-{name}", **more}


def verdicts(store: DecisionStore) -> dict[str, str]:
    return store.in_force().set_index("image_id")["verdict"].to_dict()


def test_most_reviewers_decide_and_the_later_word_where_they_are_as_many(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep", **who("ada")), decision(1, "a.png", "keep", **who("bob"))])
    store.book([decision(1, "a.png", "relabel", **who("eve"))])
    assert verdicts(store) == {"a.png": "keep"}
    store.book([decision(2, "a.png", "relabel", **who("kim"))])
    assert verdicts(store) == {"a.png": "relabel"}


def test_settling_a_disagreement_stands_above_the_reviewers_and_leaves_their_words(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep", **who("ada")), decision(1, "a.png", "keep", **who("bob"))])
    store.book([decision(2, "a.png", "none_fits", **who("ada", purpose="adjudicate"))])
    store.book([decision(2, "a.png", "keep", **who("bob")), decision(1, "a.png", "keep", **who("eve"))])
    assert verdicts(store) == {"a.png": "none_fits"}
    assert sorted(store.current()["verdict"]) == ["keep", "keep", "keep", "none_fits"]
    store.book([undo(3, 2, "a.png", **who("ada"))])
    assert verdicts(store) == {"a.png": "keep"}


@pytest.mark.parametrize("purpose", ["known", "repeat"])
def test_what_only_measures_the_reviewer_is_no_verdict(store: DecisionStore, purpose: str) -> None:
    store.book([decision(1, "a.png", "keep"), decision(2, "a.png", "relabel", purpose=purpose)])
    assert verdicts(store) == {"a.png": "keep"} and store.count() == 2


def test_a_mark_stands_beside_the_verdict_and_can_be_taken_off(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "exclude"), decision(2, "a.png", "relabel"), decision(3, "b.png", "exclude")])
    assert store.excluded()["image_id"].tolist() == ["a.png", "b.png"]
    assert verdicts(store) == {"a.png": "relabel"}
    store.book([undo(4, 1, "a.png"), decision(1, "b.png", "include", **who("bob"))])
    assert len(store.excluded()) == 0 and verdicts(store) == {"a.png": "relabel"}


def test_how_it_stood_after_an_earlier_event(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep")])
    then = store.last_seq()
    store.book([decision(2, "a.png", "relabel"), undo(3, 1, "a.png"), decision(4, "b.png")])
    assert store.current(until=then)["verdict"].tolist() == ["keep"]
    assert store.current()["verdict"].tolist() == ["relabel", "keep"]


def test_the_database_itself_refuses_to_change_or_delete_a_decision(store: DecisionStore) -> None:
    store.book([decision(1)])
    for change in ("UPDATE lookalike_events SET verdict = 'skip'", "DELETE FROM lookalike_events"):
        with pytest.raises(DBAPIError, match="decisions are only ever added"), store.engine.begin() as conn:
            conn.execute(text(change))
    assert store.log()["verdict"].tolist() == ["keep"]


def test_the_view_in_the_database_says_what_the_store_says(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "keep"), decision(2, "a.png", "relabel"), decision(3, "b.png"), undo(4, 3)])
    with store.engine.begin() as conn:
        rows = conn.execute(text("SELECT image_id, verdict FROM lookalike_current")).all()
    assert [tuple(row) for row in rows] == [("a.png", "relabel")]


def test_a_skip_does_not_put_another_persons_word_out_of_force(store: DecisionStore) -> None:
    store.book([decision(1, "a.png", "relabel")])
    store.book([decision(1, verdict="skip", reviewer="bob", session="bob-1")])
    assert store.in_force()["verdict"].tolist() == ["relabel"]
    store.book([decision(2, "b.png", "skip")])
    assert store.in_force()["verdict"].tolist() == ["relabel", "skip"]


def test_undo_takes_back_one_decision_and_the_one_before_counts_again(store: DecisionStore) -> None:
    store.book([decision(1, verdict="keep"), decision(2, verdict="relabel")])
    store.book([undo(3, 2)])
    assert store.in_force()["verdict"].tolist() == ["keep"]
    store.book([undo(4, 1)])
    assert len(store.current()) == 0
    assert store.log()["verdict"].tolist() == ["keep", "relabel", "undo", "undo"]
    store.book([decision(5, verdict="none_fits")])
    assert store.in_force()["verdict"].tolist() == ["none_fits"]


def test_ten_undos_are_ten_reversals_and_nothing_is_erased(store: DecisionStore) -> None:
    store.book([decision(i, f"{i}.png") for i in range(10)])
    store.book([undo(10 + i, 9 - i, f"{9 - i}.png") for i in range(10)])
    assert len(store.current()) == 0
    assert store.count() == 20


def test_an_undo_counts_in_its_own_session_only_and_in_whatever_order_it_arrives(store: DecisionStore) -> None:
    store.book([undo(2, 1)])
    store.book([decision(1), decision(1, "b.png", session="session-2")])
    assert store.current()["image_id"].tolist() == ["b.png"]


def test_an_undo_cannot_be_undone(store: DecisionStore) -> None:
    store.book([decision(1), undo(2, 1), undo(3, 2)])
    assert len(store.current()) == 0


def test_workspaces_that_share_a_database_do_not_see_each_other(url: str) -> None:
    one, other = DecisionStore(url, scope="one"), DecisionStore(url, scope="other")
    one.book([decision(1), decision(2, "b.png")])
    assert other.book([decision(1, "z.png"), undo(2, 1, "z.png")]) == {"session-1": [1, 2]}
    assert one.count() == 2 and len(one.current()) == 2 and one.booked_seqs("session-1") == [1, 2]
    assert len(other.current()) == 0 and len(other.log()) == 2
    one.close()
    other.close()


def test_the_log_can_be_read_from_where_one_stopped(store: DecisionStore) -> None:
    store.book([decision(1)])
    seen = store.last_seq()
    store.book([decision(2, "b.png"), decision(3, "c.png")])
    assert store.log(since=seen)["seq"].tolist() == [2, 3]
    assert store.log()["event_id"].is_monotonic_increasing


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"image_id": "x" * 4097}, "The image_id of a decision has 4097 characters"),
    ({"image_id": ""}, "The image_id of a decision is empty"),
    ({"image_id": 7}, "The image_id of a decision is int"),
    ({"note": "x" * 4001}, "The note of a decision has 4001 characters"),
    ({"note": "a\x00b"}, r"holds the control character '\x00'"),
    ({"given": "\x1b[31m"}, r"holds the control character '\x1b'"),
    ({"suggested": "\ud800"}, "The suggested of a decision holds the control character"),
    ({"reviewer": "ada\nbob"}, r"The reviewer of a decision holds the control character '\n'"),
    ({"reviewer": ""}, "The reviewer of a decision is empty"),
    ({"session": "s" * 129}, "The session of a decision has 129 characters"),
    ({"session": ""}, "The session of a decision is empty"),
    ({"seq": -1}, "The seq of a decision is -1"),
    ({"seq": 2**53}, "The seq of a decision is 9007199254740992"),
    ({"seq": True}, "The seq of a decision is True"),
    ({"seq": 1.5}, "The seq of a decision is 1.5"),
    ({"decided_at": float("nan")}, "The time of a decision is nan"),
    ({"decided_at": float("inf")}, "The time of a decision is inf"),
    ({"decided_at": -1}, "The time of a decision is -1"),
    ({"decided_at": 1e13}, "The time of a decision is 10000000000000.0"),
    ({"decided_at": "now"}, "The time of a decision is now"),
    ({"verdict": "relabel", "new_label": ""}, "The verdict relabel came with an empty new label"),
    ({"verdict": "relabel", "new_label": "x" * 1001}, "The new_label of a decision has 1001 characters"),
    ({"verdict": "relabel", "new_label": "a\vb"}, "A new label is one class name"),
    ({"verdict": "several", "new_label": "a"}, "The verdict several came with 1 labels"),
    ({"verdict": "several", "new_label": "a\va"}, "The verdict several came with 2 labels"),
    ({"verdict": "several", "new_label": "a\v"}, "The verdict several came with an empty new label"),
    ({"verdict": "undo", "undoes": 2}, "The decision 2 undoes itself"),
    ({"verdict": "undo", "undoes": -4}, "The undoes of a decision is -4"),
]


@pytest.mark.parametrize(("changes", "message"), HOSTILE, ids=lambda value: str(value)[:40])
def test_hostile_input_is_refused_whole(store: DecisionStore, changes: dict[str, Any], message: str) -> None:
    facts = {"seq": 2, "image_id": "b.png", "verdict": "keep", **changes}
    with pytest.raises(Refused) as refused:
        store.book([decision(1), decision(**facts)])
    assert message in str(refused.value)
    assert "number" in str(refused.value)
    assert store.count() == 0


def test_an_unknown_verdict_never_becomes_a_decision() -> None:
    with pytest.raises(BadInput, match="The verdict 'delete' is not known"):
        decision(1, verdict="delete")


def test_too_many_at_once_are_refused(store: DecisionStore) -> None:
    with pytest.raises(Refused, match="10001 decisions came at once – wanted: at most 10000"):
        store.book([decision(i) for i in range(10_001)])


class Aborted(BaseException):
    """What a screen throws into a running script."""


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_an_abort_in_the_middle_books_nothing_and_leaves_no_lock(store: DecisionStore, moment: str) -> None:
    def abort(conn: Connection, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT"):
            raise Aborted

    event.listen(store.engine, moment, abort)
    with pytest.raises(Aborted):
        store.book([decision(1)])
    event.remove(store.engine, moment, abort)
    assert store.count() == 0
    assert store.book([decision(1)]) == {"session-1": [1]}


def test_one_store_serves_many_threads(store: DecisionStore) -> None:
    answers: dict[int, list[int]] = {}
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            mine: list[int] = []
            for start in range(0, 30, 3):
                batch = [decision(start + i, f"{number}-{start + i}.png", session=f"s{number}") for i in range(3)]
                mine += store.book(batch)[f"s{number}"]
                assert len(store.current()) >= len(mine)
            answers[number] = mine
        except BaseException as error:  # noqa: BLE001  # to be shown by the main thread
            problems.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert answers == {i: list(range(30)) for i in range(8)}
    log = store.log()
    assert len(log) == 240 and not log.duplicated(["session", "seq"]).any() and log["event_id"].is_unique


def test_two_stores_on_one_database_write_in_turn(url: str) -> None:
    stores = [DecisionStore(url) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda s, n: [s.book([decision(i, session=f"s{n}")]) for i in range(20)], args=(s, n))
        for n, s in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].count() == 80
    for opened in stores:
        opened.close()


# -- formats -------------------------------------------------------------------------------------------------------
def test_a_newer_format_is_not_touched(url: str) -> None:
    store = DecisionStore(url)
    store.book([decision(1)])
    with store.engine.begin() as conn:
        conn.execute(text("UPDATE lookalike_format SET format = 99"))
    store.close()
    with pytest.raises(NewerFormat, match=r"newer version of the program \(format 99\) – wanted: format 3 or older"):
        DecisionStore(url)


def test_an_older_format_is_upgraded_once_and_keeps_its_decisions(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = DecisionStore(url)
    old.book([decision(1), decision(2, "b.png")])
    old.close()

    def second(conn: Connection) -> None:
        conn.execute(text("ALTER TABLE lookalike_events ADD COLUMN colour TEXT"))

    monkeypatch.setattr(upgrades, "UPGRADES", [*upgrades.UPGRADES, second])
    for _ in range(2):
        store = DecisionStore(url)
        store.book([decision(3, "c.png")])
        assert store.booked_seqs("session-1") == [1, 2, 3]
        with store.engine.begin() as conn:
            assert conn.execute(text("SELECT format FROM lookalike_format")).scalars().all() == [len(upgrades.UPGRADES)]
            assert conn.execute(text("SELECT colour FROM lookalike_events")).scalars().all() == [None] * 3
        store.close()


def test_an_upgrade_that_fails_leaves_the_old_format(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    DecisionStore(url).close()

    def broken(conn: Connection) -> None:
        conn.execute(text("ALTER TABLE lookalike_events ADD COLUMN colour TEXT"))
        raise Aborted

    released = list(upgrades.UPGRADES)
    monkeypatch.setattr(upgrades, "UPGRADES", [*released, broken])
    with pytest.raises(Aborted):
        DecisionStore(url)
    monkeypatch.setattr(upgrades, "UPGRADES", released)
    store = DecisionStore(url)
    with store.engine.begin() as conn:
        assert conn.execute(text("SELECT format FROM lookalike_format")).scalar() == len(released)
        columns = {column["name"] for column in inspect(conn).get_columns("lookalike_events")}
        assert "image_id" in columns and "colour" not in columns
    store.close()


def test_a_server_set_to_a_stricter_isolation_books_as_ever(url: str) -> None:
    if not url.startswith("postgresql"):
        pytest.skip("SQLite has one level")
    strict = make_url(url)
    options = f"{strict.query['options']} -cdefault_transaction_isolation=repeatable\\ read"
    store = DecisionStore(strict.update_query_dict({"options": options}).render_as_string(hide_password=False))
    with store.engine.begin() as conn:
        assert conn.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
    store.close()


# -- SQLite alone --------------------------------------------------------------------------------------------------
@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a SQLite file may lie."""
    return tmp_path / "review.sqlite"


def test_sqlite_is_set_up_to_keep_what_it_acknowledged(path: Path) -> None:
    store = DecisionStore(path)
    with store.engine.begin() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar() == 20_000
    store.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"my notes, not a database at all\n" * 40)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="is not a SQLite file"):
        DecisionStore(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    store = DecisionStore(path)
    assert store.book([decision(1)]) == {"session-1": [1]}
    store.close()


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=r"could not be opened: the file cannot be opened: its folder is missing"):
        DecisionStore(tmp_path / "nowhere" / "review.sqlite")


def test_another_program_that_holds_the_file_is_a_clear_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.05)
    store, other = DecisionStore(path), DecisionStore(path)
    with other._writer.begin(), pytest.raises(StoreFailure, match="could not be written: another program has held"):
        store.book([decision(1)])
    assert store.book([decision(1)]) == {"session-1": [1]}
    store.close()
    other.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "Decisions cannot be kept in memory"),
        ("sqlite:///:memory:", "Decisions cannot be kept in memory"),
        ("mysql://u:secret@h/db", "Decisions cannot be kept in mysql"),
        ("sqlite:\\://%%", "The database address cannot be read"),
    ],
)
def test_other_addresses_are_refused(url: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        DecisionStore(url)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_a_clear_error_without_the_password() -> None:
    with pytest.raises((StoreFailure, NotAvailable)) as failed:
        DecisionStore("postgresql://ada:secret@127.0.0.1:1/none")
    assert "secret" not in str(failed.value)
    assert "could not be opened" in str(failed.value) or "psycopg" in str(failed.value)


readable = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(readable.filter(bool), readable, readable.filter(bool), readable), min_size=1, max_size=6),
    at=st.floats(0, 2.5e11),
)
def test_any_readable_text_survives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]], at: float
) -> None:
    store = DecisionStore(tmp_path_factory.mktemp("any") / "review.sqlite")
    said = [
        decision(i, image_id, "relabel", given=given_label, new_label=new, note=note, decided_at=at)
        for i, (image_id, given_label, new, note) in enumerate(rows)
    ]
    store.book(said)
    answer = store.book(said)
    assert answer.conflicts == [] and store.count() == len(said)
    log = store.log()
    assert list(zip(log["image_id"], log["given"], log["new_label"], log["note"], strict=True)) == rows
    assert (log["decided_at"] == at).all()
    store.close()
