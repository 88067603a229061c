"""Do the ranks of models change between two ways of scoring, and is that more than chance?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.evaluate.paired import adjusted, mcnemar
from analysis.evaluate.reranking import Scored, ranks

Array = NDArray[Any]
CHANCE = 0.05  # a difference with a larger p value is a tie
NOT_TESTABLE = "not testable from this table"
REVERSED, NOW_AHEAD, NOW_TIE, TIE = "reversed", "now ahead", "now a tie", "tie"
VERDICTS = {
    REVERSED: "the lead was more than chance before, and the opposite lead is now",
    NOW_AHEAD: "a tie before, now more than chance",
    NOW_TIE: "the lead was more than chance before, now it is a tie",
    TIE: "a tie before and after: no change of rank that anything can be built on",
    NOT_TESTABLE: "accuracies alone do not say on which images two models differ",
}


def kendall_tau(before: Array, after: Array) -> float:
    """Kendall's tau-b of two scorings (M,) of the same models, -1..1; NaN for fewer than two models."""
    from scipy.stats import kendalltau

    if len(before) < 2:
        return float("nan")
    return float(kendalltau(before, after).statistic)


def flipped_pairs(before: Array, after: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of models (up (F,), down (F,)) of which `up` was behind `before` (M,) and is ahead `after` (M,)."""
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if before.shape != after.shape:
        raise BadInput(f"There are {len(before)} accuracies before and {len(after)} after", wanted="the same models")
    up, down = np.nonzero((before[:, None] < before[None]) & (after[:, None] > after[None]))
    order = np.lexsort((ranks(after)[down], ranks(after)[up]))
    return up[order], down[order]


def flips(before: Scored, after: Scored) -> pd.DataFrame:
    """Every pair of models whose order changes, best ranks first, with McNemar's test on each side.

    Columns: `up`, `down` (places of the models: `up` is now ahead), `rank_up_before`, `rank_up`, `rank_down_before`,
    `rank_down`, `up_only`, `down_only` (images, scored the new way, that only one of the two gets right), `gap` (new
    difference of accuracy), `p_before`, `p` of either order, `q_before`, `q` adjusted over all flips, `verdict`: a flip
    whose order is within chance on both sides is a tie.
    """
    table = _places(before.accuracy, after.accuracy)
    up, down = table["up"].to_numpy(), table["down"].to_numpy()
    table["up_only"], table["down_only"] = after.only[up, down], after.only[down, up]
    table["gap"] = after.accuracy[up] - after.accuracy[down]
    for name, side in (("_before", before), ("", after)):
        p = mcnemar(side.only[up, down], side.only[down, up])
        table["p" + name], table["q" + name] = p, adjusted(p)
    was, now = table["q_before"] <= CHANCE, table["q"] <= CHANCE
    table["verdict"] = np.select([was & now, now, was], [REVERSED, NOW_AHEAD, NOW_TIE], TIE)
    return table


def flips_of_table(before: Array, after: Array) -> pd.DataFrame:
    """The same from published accuracies (M,) alone: which pairs change places, and that nobody can test it."""
    return _places(np.asarray(before, np.float64), np.asarray(after, np.float64)).assign(verdict=NOT_TESTABLE)


def neighbours(scored: Scored) -> pd.DataFrame:
    """Each model against the next one in rank: `ahead`, `behind` (places of the models), `ahead_only`, `behind_only`
    (images), `p` of McNemar's test, `tie`: the difference is within chance."""
    order = np.argsort(-scored.n_right, kind="stable")
    ahead, behind = order[:-1], order[1:]
    counts = scored.only[ahead, behind], scored.only[behind, ahead]
    p = mcnemar(*counts)
    columns = {"ahead": ahead, "behind": behind, "ahead_only": counts[0], "behind_only": counts[1], "p": p}
    return pd.DataFrame({**columns, "tie": p > CHANCE})


def _places(before: NDArray[np.float64], after: NDArray[np.float64]) -> pd.DataFrame:
    up, down = flipped_pairs(before, after)
    old, new = ranks(before), ranks(after)
    return pd.DataFrame(
        {
            "up": up,
            "down": down,
            "rank_up_before": old[up],
            "rank_up": new[up],
            "rank_down_before": old[down],
            "rank_down": new[down],
        }
    )
