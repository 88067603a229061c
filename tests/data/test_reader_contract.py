"""What every reader keeps, a new one included: a reader without a fixture fails here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.base.errors import UserError
from analysis.data.images import ImageStore
from analysis.data.reader import READERS, read
from analysis.runs.workspace import Workspace
from tests.data.makers import FIXTURES, Fixture


class Counting:
    """A `Progress` that remembers what it was told."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def start(self, what: str, total: int) -> None:
        assert what
        self.total += total

    def advance(self, n: int = 1) -> None:
        self.done += n

    def note(self, message: str) -> None:
        assert message


@pytest.fixture(params=READERS.names())
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def made(kind: str) -> Fixture:
    assert kind in FIXTURES, f"give the reader {kind} a fixture in tests/data/makers.py"
    return FIXTURES[kind]


def test_every_reader_loads() -> None:
    assert READERS.unavailable() == {}
    assert set(FIXTURES) <= set(READERS.names())


def test_it_says_what_it_is(kind: str) -> None:
    spec = READERS.get(kind)
    assert spec.name == kind and spec.title
    assert all(name and meaning for name, meaning in spec.options.items())


def test_it_recognises_and_reads_its_own(kind: str, made: Fixture, tmp_path: Path) -> None:
    source, progress = made.make(tmp_path), Counting()
    dataset, name = read(source, progress=progress)
    assert name == kind
    assert len(dataset) == made.n and dataset.n_classes == made.classes
    assert dataset.table["image_id"].is_unique
    assert (dataset.table[["width", "height"]] > 0).all(axis=None)
    assert dataset.table["content"].str.fullmatch("[0-9a-f]{32}").all()
    assert progress.done == progress.total >= made.n


def test_every_image_it_kept_can_be_shown(made: Fixture, tmp_path: Path) -> None:
    dataset, _ = read(made.make(tmp_path))
    store = ImageStore(dataset.pixels, dataset.table)
    for row in {0, len(dataset) // 2, len(dataset) - 1}:
        size = (dataset.table["width"][row], dataset.table["height"][row])
        assert store.load(row).size == size
        assert store.thumbnail(row, 16)[8:12] == b"WEBP"


def test_it_counts_what_it_left_out(made: Fixture, tmp_path: Path) -> None:
    dataset, _ = read(made.make(tmp_path))
    assert len(dataset.set_aside) == len(made.aside)
    for end, reason in made.aside.items():
        rows = dataset.set_aside[dataset.set_aside["path"].str.endswith(end)]
        assert len(rows) == 1
        assert rows["reason"].iloc[0].startswith(reason)


def test_a_wrong_source_is_named(made: Fixture, tmp_path: Path) -> None:
    with pytest.raises(made.error) as caught:
        read(made.wrong(tmp_path))
    assert made.message in str(caught.value)


def test_reading_twice_gives_the_same(made: Fixture, tmp_path: Path) -> None:
    source = made.make(tmp_path)
    first, second = read(source)[0], read(source)[0]
    assert first.fingerprint == second.fingerprint
    assert first.table.equals(second.table)
    assert first.classes == second.classes
    assert first.about == second.about


def test_it_survives_being_stored(made: Fixture, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    dataset, name = read(made.make(tmp_path / "source"))
    stored = Workspace.create(tmp_path / "workspace", dataset, source="x", reader=name).dataset()
    assert stored.table.astype(object).equals(dataset.table.astype(object))
    assert (stored.fingerprint, stored.classes, stored.about) == (dataset.fingerprint, dataset.classes, dataset.about)
    before, after = ImageStore(dataset.pixels, dataset.table), ImageStore(stored.pixels, stored.table)
    assert np.array_equal(np.asarray(before.load(0)), np.asarray(after.load(0)))


def test_an_unknown_option_is_refused(kind: str, made: Fixture, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"The reader '{kind}' has no option 'colour'"):
        read(made.make(tmp_path), reader=kind, options={"colour": "red"})


def test_labels_are_class_numbers(made: Fixture, tmp_path: Path) -> None:
    dataset, _ = read(made.make(tmp_path))
    assert dataset.given.min() >= 0 and dataset.given.max() < dataset.n_classes
    assert np.array_equal(dataset.table.index, np.arange(len(dataset)))
