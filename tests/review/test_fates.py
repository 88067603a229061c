"""What is said of images without a single right label, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.review.apply import Cleaned, ExportPolicy, cleaned
from analysis.review.decisions import DecisionStore
from analysis.review.fates import fates, sentences
from tests.review.helpers import decision

SAID = ["relabel", "keep", "several", "none_fits", "unsure", "skip"]


def judged(folder: Path, policy: ExportPolicy) -> Cleaned:
    """One image of every verdict, one that was not looked at, and a mark on the kept and on the unsure one."""
    with DecisionStore(folder / "review.sqlite") as store:
        for seq, verdict in enumerate(SAID):
            labels = {"several": "cat\vdog", "relabel": "dog"}.get(verdict)
            store.book([decision(seq, f"{seq}", verdict, new_label=labels)])
        store.book([decision(20, "1", "exclude"), decision(21, "4", "exclude")])
        table = pd.DataFrame({"image_id": [str(i) for i in range(7)], "path": "p", "given": 0})
        return cleaned(table, ("cat", "dog"), store.current(), policy=policy, excluded=store.excluded())


@pytest.mark.parametrize("happens", ["keep", "drop"])
def test_every_image_is_counted_whether_it_is_kept_or_left_out(happens: str, tmp_path: Path) -> None:
    policy = ExportPolicy.model_validate(dict.fromkeys(ExportPolicy.model_fields, happens))
    unsure = {"keep": 1, "drop": 0}[happens]  # left out for its mark, it counts only there
    counted = fates(judged(tmp_path, policy))
    assert counted == {"unreviewed": 2, "several": 1, "none_fits": 1, "unsure": unsure, "excluded": 2}


def test_the_words_say_what_happens_in_singular_and_plural() -> None:
    counted = {"unreviewed": 1200, "several": 1, "none_fits": 2, "unsure": 0, "excluded": 1}
    unreviewed, *others = sentences(counted, ExportPolicy(none_fits="drop"))
    assert unreviewed.startswith("1,200 images that nobody has judged keep their given labels, marked unreviewed")
    assert unreviewed.endswith("which says nothing about being right.")
    assert others == [
        "1 image that several labels fit keeps its given label, marked, with all labels that fit beside it.",
        "2 images that no label fits are left out.",
        "1 image marked as not to be trained on is left out.",
    ]
    kept = sentences({**counted, "unsure": 1}, ExportPolicy(excluded="keep", unsure="drop"))
    assert kept[-2:] == [
        "1 image the reviewer was unsure of is left out.",
        "1 image marked as not to be trained on stays in the list, with the mark.",
    ]
