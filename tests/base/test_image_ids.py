"""Rows of images by their ids: every id finds its row, whatever it is made of, and nothing else does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.base import image_ids
from analysis.base.image_ids import RowOf

IDS = st.lists(st.text(max_size=8), unique=True, max_size=40)


@given(IDS, st.lists(st.text(max_size=8), max_size=20))
def test_every_id_finds_its_row_and_no_other_text_does(ids: list[str], others: list[str]) -> None:
    ids = [one for one in ids if not any("\ud800" <= c <= "\udfff" for c in one)]
    row_of = RowOf(pd.Series(ids, dtype="str"))
    wanted = [*others, *ids]
    rows = {one: row for row, one in enumerate(ids)}
    assert row_of.get_indexer(wanted).tolist() == [rows.get(one, -1) for one in wanted]
    assert [row_of.get(one) for one in wanted] == [rows.get(one) for one in wanted]
    assert all((one in row_of) == (one in rows) for one in others) and len(row_of) == len(ids)


@pytest.mark.parametrize("dtype", ["str", object])
def test_more_ids_than_are_read_one_by_one(dtype: str) -> None:
    ids = pd.Series([f"folder/{k:05d}.png" for k in range(3000)], dtype=dtype, index=range(7, 3007))
    order = np.random.default_rng(0).permutation(3000)
    assert (RowOf(ids).get_indexer(ids.iloc[order]) == order).all()


def test_ids_with_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_ids, "_hashes", lambda ids: np.array([len(one) for one in ids], np.uint64))
    row_of = RowOf(pd.Series(["cat", "a", "dog", "cow", "bb"]))
    assert row_of.get_indexer(["cow", "cat", "pig", "dog", "bb", "", "four"]).tolist() == [3, 0, -1, 2, 4, -1, -1]


def test_half_a_character_is_no_id_and_one_that_is_not_there_is_a_key_error() -> None:
    row_of = RowOf(pd.Series(["a", "b"]))
    assert row_of.get("\ud800") is None and row_of["b"] == 1
    with pytest.raises(KeyError):
        row_of["c"]
