"""What stands is brought up to date from the newest events alone: it must be what reading everything anew gives."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.base.types import Decision
from analysis.review import current as module
from analysis.review.decisions import DecisionStore
from analysis.review.reading import read_events
from tests.review.helpers import decision, undo

VERDICTS = ["keep", "relabel", "none_fits", "unsure", "skip", "exclude", "include"]
PURPOSES = ["", "", "", "adjudicate", "known", "repeat"]


def same(store: DecisionStore, url: str) -> None:
    with DecisionStore(url, scope=store.scope) as fresh:
        pd.testing.assert_frame_equal(store.current(), fresh.current())
        pd.testing.assert_frame_equal(store.excluded(), fresh.excluded())


def some(rng: random.Random, seq: int) -> Decision:
    """Anything that may be booked, undos of any earlier or later number included, also under another image's name."""
    image = f"{rng.randrange(6)}.png"
    if rng.random() < 0.25:
        return undo(seq, rng.choice([n for n in range(seq + 3) if n != seq]), image)
    facts: dict[str, Any] = {"reviewer": rng.choice("abc"), "purpose": rng.choice(PURPOSES)}
    return decision(seq, image, rng.choice(VERDICTS), **facts)


@pytest.mark.parametrize("seed", range(4))
def test_after_every_booking_it_is_what_reading_everything_gives(store: DecisionStore, url: str, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # not a secret
    seq = 0
    for _ in range(12):
        batch = []
        for _ in range(rng.randrange(1, 5)):
            seq += 1
            batch.append(some(rng, seq))
        store.book(batch)
        same(store, url)


def test_only_what_has_changed_is_read_again(store: DecisionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.book([decision(n, f"{n}.png") for n in range(30)])
    store.current()
    read: list[int] = []

    def counting(*query: Any) -> pd.DataFrame:
        found = read_events(*query)
        read.append(len(found))
        return found

    monkeypatch.setattr(module, "read_events", counting)
    store.book([decision(30, "3.png", "none_fits", reviewer="bob")])
    assert len(store.current()) == 31
    assert read == [2], "ada's and bob's word on 3.png"


def test_after_many_events_everything_is_read_anew(
    store: DecisionStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEW", 5)
    store.book([decision(1)])
    store.current()
    store.book([decision(n, "a.png" if n % 2 else f"{n}.png") for n in range(2, 30)])
    same(store, url)


def test_the_events_of_other_workspaces_on_the_same_server_change_nothing(url: str) -> None:
    with DecisionStore(url, scope="one") as one, DecisionStore(url, scope="two") as two:
        one.book([decision(1, "a.png")])
        before = one.current()
        two.book([decision(2, "a.png", "none_fits"), undo(3, 1, "a.png")])
        one.book([decision(4, "b.png")])
        assert one.current()["image_id"].tolist() == ["a.png", "b.png"]
        pd.testing.assert_frame_equal(one.current().iloc[:1], before)


def test_an_earlier_state_stays_what_it_was_however_much_is_booked(store: DecisionStore, url: str) -> None:
    store.book([decision(1, "a.png"), decision(2, "b.png", "none_fits")])
    then, before = store.last_seq(), store.current()
    for n in range(3, 7):
        store.book([decision(n, f"{n}.png"), undo(n + 10, n - 1, "b.png")])
        pd.testing.assert_frame_equal(store.current(until=then), before)
        assert store.current(until=store.last_seq())["event_id"].tolist() == store.current()["event_id"].tolist()


def test_a_database_put_back_to_an_earlier_state_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    with DecisionStore(path) as store:
        store.book([decision(1, "a.png")])
        store.close()
        saved = path.read_bytes()
        store.book([decision(2, "b.png")])
        assert len(store.current()) == 2
        store.close()
        path.write_bytes(saved)
        assert store.current()["image_id"].tolist() == ["a.png"]


def test_many_threads_that_ask_at_once_read_once(store: DecisionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.book([decision(n, f"{n}.png") for n in range(50)])
    read: list[int] = []

    def counting(*query: Any) -> pd.DataFrame:
        read.append(1)
        return read_events(*query)

    monkeypatch.setattr(module, "read_events", counting)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: len(store.current()), range(32))) == [50] * 32
    assert len(read) == 1
