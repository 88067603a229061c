"""What the deck shows of an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from analysis.base.types import Decision
from analysis.review.opening import open_store
from dashboard import loaders
from dashboard.items import Extra, Known, nearest, said
from dashboard.server import opened
from tests.factory import make_workspace


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    made = make_workspace(tmp_path / "ws", n=60, classes=3)
    st.cache_resource.clear()
    yield str(made.path)
    opened.close_all()


def book(path: str, seq: int, row: int, verdict: Any, new_label: str | None = None) -> None:
    found = opened.open_workspace(path)
    image_id = str(found.dataset.table["image_id"].iat[row])
    given = found.dataset.classes[int(found.dataset.given[row])]
    found.decisions.book([Decision(image_id, verdict, given, "", new_label, "ada", "r", "session-1", seq, 1e9)])


def source(path: str) -> Any:
    run = loaders.latest_run(path)
    assert run is not None
    return loaders.review_source(path, run.run_id)


def undo(path: str, seq: int, undone: int, row: int) -> None:
    found = opened.open_workspace(path)
    image_id = str(found.dataset.table["image_id"].iat[row])
    made = Decision(image_id, "undo", "", "", None, "ada", "r", "session-1", seq, 1e9, undoes=undone)
    found.decisions.book([made])


def verified(path: str) -> dict[int, list[int]]:
    return {k: rows.tolist() for k, rows in loaders.known(path).verified.items()}


def read_anew(path: str) -> dict[int, list[int]]:
    """The rule itself, decision by decision: what is in force confirms a class or chooses one; the latest first."""
    found = opened.open_workspace(path)
    ids = found.dataset.table["image_id"].tolist()
    made: dict[int, list[int]] = {}
    for one in found.decisions.in_force().itertuples():
        label = {"keep": one.given, "relabel": one.new_label}.get(one.verdict)
        if label in found.dataset.classes and one.image_id in ids:
            made.setdefault(found.dataset.classes.index(label), []).insert(0, ids.index(one.image_id))
    return made


def test_verified_images_are_those_confirmed_or_corrected_to_a_class(path: str) -> None:
    rows = np.flatnonzero(opened.open_workspace(path).dataset.given == 0)[:4].tolist()
    book(path, 1, rows[0], "keep")
    book(path, 2, rows[1], "relabel", "class 2")
    book(path, 3, rows[2], "none_fits")
    book(path, 4, rows[3], "keep")
    assert verified(path) == {0: [rows[3], rows[0]], 2: [rows[1]]}


def test_a_decision_on_an_image_or_class_that_is_gone_verifies_nothing(path: str) -> None:
    book(path, 1, 0, "relabel", "class of another time")
    gone = Decision("gone.png", "keep", "class 0", "", None, "ada", "r", "session-1", 2, 1e9)
    opened.open_workspace(path).decisions.book([gone])
    assert verified(path) == {}


def test_what_is_verified_follows_undos_others_and_writers_from_elsewhere(path: str) -> None:
    found = opened.open_workspace(path)
    classes, ids = found.dataset.classes, found.dataset.table["image_id"].tolist()
    book(path, 1, 0, "keep")
    book(path, 2, 1, "relabel", "class 2")
    assert verified(path) == read_anew(path) != {}
    undo(path, 3, 2, 1)
    assert all(1 not in rows for rows in verified(path).values()) and verified(path) == read_anew(path)
    with open_store(found.workspace) as elsewhere:  # as another process would, an import among them
        others = [
            Decision(
                ids[row], "relabel", classes[int(found.dataset.given[row])], "", "class 1", name, "r", "s-2", i, 1e9
            )
            for i, (row, name) in enumerate([(0, "bo"), (0, "cy"), (5, "bo"), (6, "cy")])
        ]
        elsewhere.book(others)
        assert verified(path) == read_anew(path) and 0 in verified(path)[1], "two against one"
    book(path, 4, 5, "keep")
    undo(path, 5, 1, 0)
    exclude = Decision(
        ids[6], "exclude", classes[int(found.dataset.given[6])], "", None, "ada", "r", "session-1", 6, 1e9
    )
    found.decisions.book([exclude])
    assert verified(path) == read_anew(path) and loaders.known(path).excluded == {ids[6]}


def test_the_nearest_come_first_and_the_image_itself_never() -> None:
    features = np.array([[1, 0], [0, 1], [1, 0.1], [1, 1], [0, 0]], np.float32)
    assert nearest(0, np.array([0, 1, 2, 3, 4]), features) == [2, 3, 1, 4]
    assert nearest(0, np.array([0, 1, 2, 3]), features, n=2) == [2, 3]
    assert nearest(0, np.array([3, 1]), None) == [3, 1]
    assert nearest(0, np.array([0]), features) == []


def test_references_are_typical_until_two_images_of_the_class_are_verified(path: str) -> None:
    found = opened.open_workspace(path)
    (row,) = np.flatnonzero(found.dataset.given == 0)[-1:].tolist()
    others = [k for k in np.flatnonzero(found.dataset.given == 0).tolist() if k != row]
    book(path, 1, others[0], "keep")
    (item,) = source(path).items([row], 0, known=loaders.known(path))
    assert [one.verified for one in item.references] == [False, False]
    book(path, 2, others[1], "keep")
    (item,) = source(path).items([row], 0, known=loaders.known(path))
    assert [one.verified for one in item.references] == [True, False]
    shown = {int(url.rsplit("/", 1)[1]) for url in item.references[0].thumbs}
    assert shown == set(others[:2])


def test_an_item_says_its_purpose_its_mark_and_what_others_said(path: str) -> None:
    book(path, 1, 5, "exclude")
    extra = Extra(purpose="adjudicate", others=(("bob", "keep the given label"),), guideline="Sleeves decide.")
    one, two = source(path).items([5, 6], 10, known=loaders.known(path), extras={10: extra})
    assert (one.n, one.excluded, one.purpose, one.others, one.guideline) == (
        10,
        True,
        "adjudicate",
        [["bob", "keep the given label"]],
        "Sleeves decide.",
    )
    assert (two.n, two.excluded, two.purpose, two.others, two.guideline) == (11, False, "", [], "")


def test_nothing_known_is_no_hindrance(path: str) -> None:
    (item,) = source(path).items([0], 0, known=Known())
    assert item.n == 0 and item.references


@pytest.mark.parametrize(
    ("verdict", "labels", "words"),
    [
        ("keep", [], "keep the given label"),
        ("relabel", ["dog"], "change to dog"),
        ("several", ["dog", "cat"], "several fit: dog, cat"),
        ("none_fits", [], "no label fits"),
    ],
)
def test_a_verdict_in_words(verdict: str, labels: list[str], words: str) -> None:
    assert said(verdict, labels) == words
