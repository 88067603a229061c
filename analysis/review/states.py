"""What people said of every image until now, as one small number per image. Pure but for the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.image_ids import FindsRows
from analysis.review.decisions import DecisionStore

Decided = Literal["", "open", "kept", "changed", "several", "none_fits", "unsure", "excluded"]
DECIDED: tuple[Decided, ...] = get_args(Decided)
EXCLUDED = 64  # added to the state of an image that is marked as not to be trained on
STATE_OF: Mapping[str, Decided] = {  # a skipped image is still to be judged
    "keep": "kept",
    "relabel": "changed",
    "several": "several",
    "none_fits": "none_fits",
    "unsure": "unsure",
}


def states_of(
    verdicts: pd.Series, rows: NDArray[np.integer], excluded: NDArray[np.integer], n: int
) -> NDArray[np.int8]:
    """The state of N images as a number into `DECIDED`, plus `EXCLUDED`: `verdicts` (M,) in force of `rows` (M,), and
    the `excluded` rows. Rows below 0 are images that the data set does not hold."""
    found = all_open(n)
    said = verdicts.map(lambda verdict: DECIDED.index(STATE_OF.get(verdict, "open"))).to_numpy(np.int8)
    found[rows[rows >= 0]] = said[rows >= 0]
    found[excluded[excluded >= 0]] += EXCLUDED
    return found


def all_open(n: int) -> NDArray[np.int8]:
    """The states of N images while nobody has said anything."""
    return np.full(n, DECIDED.index("open"), np.int8)


def states_now(store: DecisionStore, ids: FindsRows) -> NDArray[np.int8]:
    """The states of all images `ids` (N,) as the decisions stand now."""
    current, marked = store.in_force(), store.excluded()
    rows, excluded = (ids.get_indexer(frame["image_id"]) for frame in (current, marked))
    given = np.asarray(current["verdict"] == "relabel") & np.asarray(current["new_label"] == current["given"])
    return states_of(current["verdict"].mask(given, "keep"), rows, excluded, len(ids))
