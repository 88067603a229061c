from __future__ import annotations

import pandas as pd

from dashboard.advice import Reviewed, next_best
from dashboard.selection import Filter

WAITING = pd.DataFrame({"community": [0, 1, 2], "n_left": [10, 50, 5]})
NAMES = {1: "community 2 (cat, dog)"}


def test_the_community_with_most_waiting_suspects_comes_first() -> None:
    found = next_best(Reviewed(70, 5, 4), WAITING, names=NAMES)
    assert found.page == "review" and found.chosen == Filter(community=1, only="suspects")
    assert found.why.startswith(
        "5 of 70 suspects are judged. 50 of the 65 suspects that wait lie in community 2 (cat, dog)"
    )


def test_one_community_is_no_choice() -> None:
    found = next_best(Reviewed(8, 0, 0), pd.DataFrame({"community": [0], "n_left": [8]}), names={})
    assert found.chosen == Filter() and found.why.startswith("8 labels wait for a look")


def test_when_all_is_judged_the_labels_are_taken_away() -> None:
    found = next_best(Reviewed(70, 70, 61), WAITING, names=NAMES)
    assert found.page == "export" and "61 of their labels were wrong" in found.why


def test_a_queue_that_holds_few_wrong_labels_may_be_left() -> None:
    assert next_best(Reviewed(400, 100, 19), WAITING, names=NAMES).page == "export"
    assert next_best(Reviewed(400, 100, 20), WAITING, names=NAMES).page == "review"
    assert next_best(Reviewed(400, 19, 0), WAITING, names=NAMES).page == "review", "too few to say"


def test_without_suspects_the_confusion_is_still_worth_a_look() -> None:
    assert next_best(Reviewed(0, 0, 0), WAITING.assign(n_left=0), names={}).page == "communities"
