"""Two models side by side: pairs gained and lost, communities matched."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.confusion.compare import compare_communities, compare_pairs, matched


def confusion(cells: dict[tuple[int, int], int]) -> pd.DataFrame:
    rows = [(given, predicted, n, float(n)) for (given, predicted), n in cells.items()]
    return pd.DataFrame(rows, columns=["given", "predicted", "count", "soft"])


def test_pairs_are_gained_lost_stronger_weaker_or_alike():
    here = confusion({(0, 0): 90, (0, 1): 30, (1, 0): 5, (1, 2): 4, (2, 3): 7, (3, 0): 2})
    there = confusion({(0, 0): 80, (1, 0): 5, (2, 3): 20, (1, 2): 4, (3, 1): 9})
    table = compare_pairs(here, there, np.zeros(4, int)).set_index(["source", "target"])
    assert table["change"].to_dict() == {
        (0, 1): "stronger",
        (2, 3): "weaker",
        (1, 3): "lost",
        (0, 3): "gained",
        (1, 2): "alike",
    }
    assert table.loc[(0, 1), ["here", "there", "difference"]].tolist() == [35, 5, 30]
    assert table.index[0] == (0, 1), "the greatest difference comes first"
    assert table["clear"].to_dict()[(0, 1)] and not table["clear"].to_dict()[(0, 3)], "two images may be chance"


def test_numbers_follow_the_classes_they_share():
    reference = np.array([0, 0, 0, 1, 1, 2])
    assert matched(np.array([1, 1, 1, 0, 0, 2]), reference).tolist() == [0, 0, 0, 1, 1, 2]
    split = matched(np.array([0, 0, 1, 2, 2, 3]), reference)
    assert split.tolist() == [0, 0, 3, 1, 1, 2], "the larger part keeps the number, the rest gets a new one"
    assert matched(np.array([0, 0, 0, 0, 0, 0]), reference).tolist() == [0] * 6
    assert matched(np.zeros(0, int), np.zeros(0, int)).tolist() == []


def test_communities_find_their_like():
    here, there = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0, 2])
    table = compare_communities(here, there).set_index("community")
    assert table.index.tolist() == [0, 1], "a class alone is no community"
    assert table.loc[0, ["other", "shared", "overlap"]].tolist() == [1, 2, 2 / 3]
    assert table.loc[1, ["other", "shared", "overlap"]].tolist() == [0, 2, 2 / 3]
    assert compare_communities(np.zeros(2, int), np.arange(2))["other"].tolist() == [-1]
