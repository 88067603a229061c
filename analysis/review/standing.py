"""Whose word stands where several people judged the same image, and where they disagree. Pure."""

from __future__ import annotations

import pandas as pd

from analysis.review.limits import labels_of

JUDGEMENTS = ("relabel", "keep", "several", "none_fits")  # verdicts that say something about the label
WRONG = ("relabel", "several", "none_fits")  # of these, the ones that say that the given label is not the whole truth


def in_force(current: pd.DataFrame) -> pd.Series:
    """Bool per row of `current` (last decision per image and reviewer): is it the one that counts for its image?

    The last one booked; a skip only where nobody said anything else. Exactly one row per image is true.
    """
    ordered = current.assign(says=current["verdict"] != "skip").sort_values(["says", "event_id"])
    last = ordered.drop_duplicates("image_id", keep="last").index
    return pd.Series(current.index.isin(last), index=current.index, name="in_force", dtype=bool)


def outcome(verdict: str, given: str, new_label: str) -> tuple[str, tuple[str, ...]]:
    """What a verdict comes to, so that two can be compared: (kind, labels), labels sorted.

    Choosing the given label as the new one is the same as keeping it.
    """
    if verdict == "relabel" and new_label == given:
        return "keep", (given,)
    if verdict == "keep":
        return "keep", (given,)
    return verdict, tuple(sorted(labels_of(new_label)))


def disagreements(current: pd.DataFrame) -> pd.DataFrame:
    """The rows of `current` on images where reviewers' judgements come to different labels, by image, oldest first.

    Unsure and skip are no judgements: they disagree with nobody.
    """
    judged = current[current["verdict"].isin(JUDGEMENTS)]
    columns = (judged["verdict"], judged["given"], judged["new_label"])
    outcomes = pd.Series([outcome(*row) for row in zip(*columns, strict=True)], index=judged.index, dtype=object)
    different = outcomes.groupby(judged["image_id"]).transform("nunique") if len(judged) else outcomes
    return judged[different.astype(int) > 1].sort_values(["image_id", "event_id"])
