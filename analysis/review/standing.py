"""Whose word stands where several people judged the same image, and where they disagree. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.review.limits import SEPARATOR, labels_of

JUDGEMENTS = ("relabel", "keep", "several", "none_fits")  # verdicts that say something about the label
WRONG = ("relabel", "several", "none_fits")  # of these, the ones that say that the given label is not the whole truth


def in_force(current: pd.DataFrame) -> pd.Series:
    """Bool per row of `current` (last verdict per image and reviewer): is it the one that counts for its image?

    What settled a disagreement (a judgement with the purpose adjudicate), the last one; else what most reviewers say,
    the later booked where as many say something else. Unsure counts only where nobody judged, a skip only where nobody
    said anything else. Exactly one row per image is true: the last one that says so.
    """
    verdict = current["verdict"]
    settles = (current["purpose"] == "adjudicate") & verdict.isin(JUDGEMENTS)
    rank = np.select([settles, verdict == "skip", verdict == "unsure"], [3, 0, 1], 2)
    same = current["event_id"].groupby([current["image_id"], rank, outcomes(current)]).transform("size")
    ordered = current.assign(rank=rank, votes=np.where(rank == 2, same, 0))
    last = ordered.sort_values(["rank", "votes", "event_id"]).drop_duplicates("image_id", keep="last").index
    return pd.Series(current.index.isin(last), index=current.index, name="in_force", dtype=bool)


def last_mark(marks: pd.DataFrame) -> pd.Series:
    """Bool per row of marks, oldest first: is it the last one of its image, whoever set it?"""
    return ~marks["image_id"].duplicated(keep="last")


def outcomes(current: pd.DataFrame) -> pd.Series:
    """What each verdict comes to as one text, so that two can be compared: its kind and the labels, sorted.

    Choosing the given label as the new one is the same as keeping it.
    """
    verdict, new = current["verdict"], current["new_label"]
    kept = (verdict == "keep") | ((verdict == "relabel") & (new == current["given"]))
    kind = verdict.astype(object).mask(kept, "keep")
    labels = new.astype(object).mask(kept, current["given"].astype(object))
    several = verdict == "several"
    labels[several] = [SEPARATOR.join(sorted(labels_of(label))) for label in labels[several]]
    return kind + SEPARATOR + labels


def disagreements(current: pd.DataFrame) -> pd.DataFrame:
    """The rows of `current` on images where reviewers' judgements come to different labels, by image, oldest first.

    Unsure and skip are no judgements: they disagree with nobody. What was settled is no disagreement any more.
    """
    judged = current[current["verdict"].isin(JUDGEMENTS)]
    settled = judged.loc[judged["purpose"] == "adjudicate", "image_id"]
    open_ones = judged[~judged["image_id"].isin(settled)]
    different = outcomes(open_ones).groupby(open_ones["image_id"]).transform("nunique")
    return open_ones[different.astype(int) > 1].sort_values(["image_id", "event_id"])
