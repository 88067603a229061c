"""Known-answer and repeat items: how far a reviewer can be relied on, measured between the real ones. Pure.

A known-answer item is an image whose answer is settled; a repeat is one that the same person judged some time ago.
What is said of them (purpose known or repeat) never counts as a verdict on the image.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import count, zip_longest
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.base.types import MARKS, UNKNOWN, Dataset
from analysis.review.limits import SEPARATOR
from analysis.review.standing import JUDGEMENTS, WRONG, outcomes

Check = Literal["", "known", "repeat"]
GAP = 20  # own decisions between an image and its repeat: fewer, and one remembers the answer
ENOUGH = 20  # items below which nobody is compared with anybody
LARGEST_SHARE = 0.5  # of the items shown; more cannot be kept apart
DAYS = 30
LONGEST = 600.0  # seconds; who looked longer was away
KEEP = "keep" + SEPARATOR  # how the outcome "the given label is right" begins


def mix(
    rows: Sequence[int] | NDArray[np.integer[Any]],
    *,
    known: Iterable[int] = (),
    repeats: Iterable[int] = (),
    share_known: float = 0.05,
    share_repeat: float = 0.02,
    seed: int,
) -> list[tuple[int, Check]]:
    """The queue `rows` in its order with checking items woven in: (row, purpose), "" for the real ones.

    The shares are of the items shown. The items come from the start on, each at a seeded place in a stretch of that
    length, in the order of `known` and `repeats`, until these are used up; those that stand in the queue are left out.
    Never two in a row, never the same image twice, none at the end.
    """
    total = share_known + share_repeat
    if min(share_known, share_repeat) < 0 or total > LARGEST_SHARE:
        shares = f"{share_known:g} and {share_repeat:g}"
        raise BadInput(f"The shares of checking items are {shares}", wanted=f"0 or more, together {LARGEST_SHARE:g}")
    rng = np.random.default_rng(seed)
    used = {int(row) for row in rows}
    woven: dict[int, tuple[int, Check]] = {}  # by the number of the real item that comes after
    kinds: list[tuple[Check, float, Iterable[int]]] = [("known", share_known, known), ("repeat", share_repeat, repeats)]
    for purpose, share, pool in kinds:
        if share:
            stretch = (1 - total) / share
            for place, row in zip(_places(stretch, len(rows), woven, rng), _fresh(pool, used), strict=False):
                woven[place] = row, purpose
    return [item for i, row in enumerate(rows) for item in ([woven[i]] if i in woven else []) + [(int(row), "")]]


def _places(stretch: float, n: int, taken: Container[int], rng: np.random.Generator) -> Iterator[int]:
    """One free place in 0..n-1 for every stretch of so many real items, for as long as there are any."""
    for i in count():
        place = int((i + rng.random()) * stretch)
        while place in taken:
            place += 1
        if place >= n:
            return
        yield place


def _fresh(pool: Iterable[int], used: set[int]) -> Iterator[int]:
    for row in map(int, pool):
        if row not in used:
            used.add(row)
            yield row


def known_answers(current: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The images whose answer is settled, by image_id: `outcome` (see `standing.outcomes`) and `source`.

    source: settled (a disagreement was settled), agreed (two or more reviewers, nobody differs), or true (the data
    set says so). Where people disagree among themselves or with the data set, nothing is known until it is settled.
    """
    judged = current[current["verdict"].isin(JUDGEMENTS)].sort_values("event_id")
    judged = judged.assign(outcome=outcomes(judged).to_numpy(object))[["image_id", "reviewer", "purpose", "outcome"]]
    is_settled = judged["purpose"] == "adjudicate"
    settled = judged[is_settled].drop_duplicates("image_id", keep="last").set_index("image_id")["outcome"]
    own = judged[~is_settled & ~judged["image_id"].isin(settled.index)].groupby("image_id")
    said = own.agg(outcome=("outcome", "first"), kinds=("outcome", "nunique"), people=("reviewer", "nunique"))
    agreed = said.loc[(said["kinds"] == 1) & (said["people"] >= 2), "outcome"]
    true = _true_outcomes(dataset)
    disputed = said.index[said["kinds"] > 1]
    at_odds = agreed.index[agreed.index.isin(true.index) & (true.reindex(agreed.index) != agreed)]
    agreed = agreed.drop(at_odds)
    taken = settled.index.append([agreed.index, disputed, at_odds])
    parts = {"settled": settled, "agreed": agreed, "true": true[~true.index.isin(taken)]}
    found = [pd.DataFrame({"outcome": part.astype(object), "source": source}) for source, part in parts.items()]
    return pd.concat(found).rename_axis("image_id")


def _true_outcomes(dataset: Dataset) -> pd.Series:
    ids = dataset.table["image_id"].to_numpy(object)
    if dataset.true is None:
        return pd.Series([], index=pd.Index([], dtype=object), dtype=object)
    answers = np.array([[begin + name for name in dataset.classes] for begin in (KEEP, "relabel" + SEPARATOR)], object)
    known, wrong = dataset.true != UNKNOWN, dataset.true != dataset.given
    answer = answers[wrong.astype(int), dataset.true]
    return pd.Series(answer[known], index=pd.Index(ids[known], dtype=object), dtype=object)


def pools(log: pd.DataFrame, known: pd.DataFrame, *, reviewer: str, seed: int) -> tuple[list[str], list[str]]:
    """(known-answer items, repeats) for one reviewer, image ids in seeded order, from `DecisionStore.log()`.

    Known: of `known_answers` those the reviewer never judged; wrong and right labels by turns while there are both.
    Repeats: what the reviewer judged, at least `GAP` own decisions ago, and was not asked again.
    """
    rng = np.random.default_rng(seed)
    mine = _said(log)
    mine = mine[(mine["reviewer"] == reviewer) & ~mine["undone"]]
    fresh = known[~known.index.isin(mine["image_id"])].sort_index()
    is_right = fresh["outcome"].str.startswith(KEEP).to_numpy(bool)
    sides = [rng.permutation(fresh.index.to_numpy(object)[side]) for side in (is_right, ~is_right)]
    by_turns = [image for both in zip_longest(*sides) for image in both if image is not None]
    asked = mine.loc[mine["purpose"] == "repeat", "image_id"]
    own = mine[mine["purpose"] == ""].drop_duplicates("image_id", keep="last")[:-GAP]
    own = own[own["verdict"].isin(JUDGEMENTS) & ~own["image_id"].isin(asked)]
    return [str(i) for i in by_turns], [str(i) for i in rng.permutation(own["image_id"].to_numpy(object))]


def reviewer_figures(log: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What is measured of every reviewer, by name, from `DecisionStore.log()` and `known_answers`.

    n_known, known_right, known_partly (found that the label is wrong, but named another class), known_share with its
    Wilson 95 % interval known_low..known_high; n_repeats, repeats_same, repeats_share, _low, _high in the same way;
    decisions (real ones that stand), undone, unsure and skipped (shares of the real ones), seconds (median a decision
    in single view), first_at and last_at (seconds since the epoch), by_day (how many of the real ones were made on
    each of the last `DAYS` days, UTC, up to the newest of all). Unsure counts as not right; a skip is no answer. NaN
    where there is nothing to divide by. Fewer than `ENOUGH` items compare nobody with anybody.
    """
    said = _said(log)
    names = pd.Index(sorted(said["reviewer"].unique()), name="reviewer")
    standing = said[~said["undone"]]
    last = standing.drop_duplicates(["reviewer", "image_id", "purpose"], keep="last")
    real = last[last["purpose"].isin(["", "adjudicate"])]
    figures = pd.DataFrame(index=names)
    for name, table in (("known", _known_items(last, known)), ("repeats", _repeats(standing, last))):
        sums = table.groupby("reviewer")[["right", "partly"]].agg(["size", "sum"]).reindex(names, fill_value=0)
        n, right = sums["right", "size"], sums["right", "sum"].astype(int)
        bounds = [wilson(r, m) if m else (np.nan, np.nan) for r, m in zip(right, n, strict=True)]
        figures[f"n_{name}"], figures[f"{name}_right"] = n, right
        figures[f"{name}_partly"] = sums["partly", "sum"].astype(int)
        figures[f"{name}_share"] = right / n.where(n > 0)
        figures[f"{name}_low"], figures[f"{name}_high"] = [b[0] for b in bounds], [b[1] for b in bounds]
    by_person = real.groupby("reviewer")["verdict"]
    figures["decisions"] = by_person.size().reindex(names, fill_value=0)
    figures["undone"] = said["undone"].groupby(said["reviewer"]).sum().reindex(names).astype(int)
    for name, verdict in (("unsure", "unsure"), ("skipped", "skip")):
        figures[name] = by_person.agg(lambda words, verdict=verdict: (words == verdict).mean()).reindex(names)
    figures["seconds"] = _seconds(standing).reindex(names)
    times = said.groupby("reviewer")["decided_at"]
    figures["first_at"], figures["last_at"] = times.min(), times.max()
    figures["by_day"] = pd.Series(_by_day(real), dtype=object).reindex(names)
    return figures.drop(columns="repeats_partly").rename(columns={"repeats_right": "repeats_same"}).reset_index()


def _by_day(real: pd.DataFrame) -> dict[str, list[int]]:
    day = (real["decided_at"] // 86400).astype(int)
    ago = day.max() - day
    recent = ago[ago < DAYS].groupby(real["reviewer"])
    return {str(name): np.bincount(DAYS - 1 - days, minlength=DAYS).tolist() for name, days in recent}


def _said(log: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on labels in a log, in order, with their `outcome` and whether they were `undone`."""
    taken_back = log.loc[log["verdict"] == "undo", ["session", "undoes"]]
    gone = pd.MultiIndex.from_frame(taken_back)
    said = log[~log["verdict"].isin(["undo", *MARKS])].sort_values("event_id")
    undone = pd.MultiIndex.from_frame(said[["session", "seq"]]).isin(gone)
    return said.assign(undone=undone, outcome=outcomes(said).to_numpy(object))


def _known_items(last: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Of every answer to a known-answer item: reviewer, right, partly."""
    asked = last[(last["purpose"] == "known") & (last["verdict"] != "skip")]
    settled = known.loc[known.index.isin(asked["image_id"]), "outcome"]  # few of perhaps a million
    asked = asked[asked["image_id"].isin(settled.index)]
    answer = asked["image_id"].map(settled)
    right = asked["outcome"] == answer
    found_wrong = asked["verdict"].isin(WRONG) & ~asked["outcome"].str.startswith(KEEP)
    partly = found_wrong & ~answer.str.startswith(KEEP) & ~right
    return pd.DataFrame({"reviewer": asked["reviewer"], "right": right, "partly": partly}, dtype=object)


def _repeats(standing: pd.DataFrame, last: pd.DataFrame) -> pd.DataFrame:
    """Of every repeat: reviewer, right (the same was said as the time before)."""
    columns = ["reviewer", "image_id", "event_id", "outcome"]
    answered = standing["verdict"] != "skip"
    first = standing.loc[answered & (standing["purpose"] == ""), columns]
    again = last.loc[(last["purpose"] == "repeat") & (last["verdict"] != "skip"), columns]
    both = again.merge(first, on=["reviewer", "image_id"], suffixes=("", "_first"))
    both = both[both["event_id_first"] < both["event_id"]].sort_values("event_id_first")
    both = both.drop_duplicates(["reviewer", "image_id"], keep="last")
    right = both["outcome"] == both["outcome_first"]
    return pd.DataFrame({"reviewer": both["reviewer"], "right": right, "partly": False}, dtype=object)


def _seconds(standing: pd.DataFrame) -> pd.Series:
    """The median time a reviewer looked at an image; in a grid nobody can say how long one image was looked at."""
    looked = (standing["decided_at"] - standing["shown_at"])[standing["mode"] == "single"]
    looked = looked[(looked > 0) & (looked <= LONGEST)]
    return looked.groupby(standing["reviewer"]).median()
