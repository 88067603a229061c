"""Decisions as the labels that hold for every image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.base.types import Dataset
from analysis.evaluate.kinds import CLEAN, NONE_FITS, SEVERAL, WITHOUT, WRONG, kinds_of
from analysis.review.decisions import DecisionStore
from analysis.review.labelsets import sets_of
from analysis.review.limits import SEPARATOR
from tests.factory import make_dataset
from tests.review.helpers import decision


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    with DecisionStore(tmp_path / "r.sqlite") as made:
        yield made


def book(
    store: DecisionStore, dataset: Dataset, said: tuple[int, str], new: str | None = None, *, given: str = ""
) -> None:
    row, verdict = said
    facts = {
        "image_id": dataset.table["image_id"][row],
        "verdict": verdict,
        "new_label": new,
        "given": given or dataset.classes[dataset.given[row]],
    }
    store.book([decision(row, **facts)])


def test_every_verdict_becomes_its_kind_of_label_error(store: DecisionStore) -> None:
    dataset = make_dataset(n=40, classes=4)
    own = [dataset.classes[k] for k in dataset.given]
    other = [dataset.classes[(k + 1) % 4] for k in dataset.given]
    third = [dataset.classes[(k + 2) % 4] for k in dataset.given]
    book(store, dataset, (0, "keep"))
    book(store, dataset, (1, "relabel"), other[1])
    book(store, dataset, (2, "several"), SEPARATOR.join([own[2], other[2]]))
    book(store, dataset, (3, "several"), SEPARATOR.join([third[3], other[3]]))
    book(store, dataset, (4, "none_fits"))
    book(store, dataset, (5, "unsure"))
    book(store, dataset, (6, "skip"))
    book(store, dataset, (7, "relabel"), "a class of another data set")
    book(store, dataset, (8, "relabel"), other[8], given=other[8])
    sets = sets_of(store.in_force(), dataset)
    assert kinds_of(dataset.given, sets)[:10].tolist() == [CLEAN, WRONG, SEVERAL, WITHOUT, NONE_FITS] + [CLEAN] * 5
    assert np.flatnonzero(sets.said).tolist() == [0, 1, 2, 3, 4]


def test_no_decision_leaves_all_labels_as_they_are(store: DecisionStore) -> None:
    dataset = make_dataset(n=40, classes=4)
    sets = sets_of(store.in_force(), dataset)
    assert not sets.said.any() and np.array_equal(sets.flat, dataset.given)
