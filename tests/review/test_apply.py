"""Decisions applied to labels: what the list says, what changed, who disagrees, what could not be applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.base.types import Decision
from analysis.review.apply import Cleaned, ExportPolicy, cleaned, iso_time
from analysis.review.columns import COLUMNS
from analysis.review.decisions import DecisionStore
from analysis.review.standing import disagreements, in_force
from tests.review.helpers import decision, undo

CLASSES = ("cat", "dog", "eel")
IDS = [f"{i}.png" for i in range(6)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    opened = DecisionStore(tmp_path / "review.sqlite")
    yield opened
    opened.close()


def apply(store: DecisionStore, *said: Decision, **options: Any) -> Cleaned:
    """Book the decisions and apply them to six images, given cat cat cat dog dog eel."""
    store.book(said)
    table = pd.DataFrame({"image_id": IDS, "path": [f"p/{i}" for i in IDS], "given": [0, 0, 0, 1, 1, 2]})
    return cleaned(table, CLASSES, store.current(), excluded=store.excluded(), **options)


def test_nothing_decided_nothing_changed_and_nothing_called_right(store: DecisionStore) -> None:
    result = apply(store)
    assert result.labels["label"].tolist() == ["cat", "cat", "cat", "dog", "dog", "eel"]
    assert set(result.labels["status"]) == {"unreviewed"}
    assert len(result.changes) == len(result.conflicts) == len(result.problems) == 0
    for name, kinds in COLUMNS.items():
        assert list(getattr(result, name).columns) == list(kinds)


def test_every_verdict_has_its_status_and_only_wrong_labels_are_changes(store: DecisionStore) -> None:
    result = apply(
        store,
        decision(1, "4.png", "relabel", given="dog", new_label="eel", note="clearly"),
        decision(2, "0.png", "keep"),
        decision(3, "1.png", "several", new_label="dog\vcat"),
        decision(4, "2.png", "none_fits"),
        decision(5, "3.png", "unsure", given="dog"),
        decision(6, "5.png", "skip", given="eel"),
        evidence=pd.DataFrame({"image_id": ["4.png"], "suspicion": [0.75], "reasons": ["The neighbours say eel."]}),
    )
    labels = result.labels
    assert labels["image_id"].tolist() == IDS
    assert labels["label"].tolist() == ["cat", "cat", "cat", "dog", "eel", "eel"]
    assert labels["status"].tolist() == ["kept", "several", "none_fits", "unsure", "relabelled", "skipped"]
    assert labels["labels"].tolist() == [(), ("dog", "cat"), (), (), (), ()]
    changes = result.changes
    assert changes["image_id"].tolist() == ["1.png", "2.png", "4.png"], "in the order of the data set"
    assert changes["action"].tolist() == ["mark", "mark", "relabel"]
    assert changes.iloc[2].to_dict() == {
        "image_id": "4.png",
        "path": "p/4.png",
        "old": "dog",
        "new": "eel",
        "action": "relabel",
        "labels": (),
        "verdict": "relabel",
        "reviewer": "ada",
        "decided_at": "2025-10-09T08:53:21.250000+00:00",
        "reason": "The neighbours say eel.",
        "suspicion": 0.75,
        "suggested": "dog",
        "run_id": "run-1",
        "note": "clearly",
        "session": "session-1",
        "seq": 1,
    }
    assert changes["old"].tolist()[:2] == changes["new"].tolist()[:2] == ["cat", "cat"]
    assert np.isnan(changes["suspicion"].iloc[0]) and changes["reason"].iloc[0] == ""


def test_an_unreviewed_image_can_be_left_out_and_skipped_ones_with_it(store: DecisionStore) -> None:
    said = [decision(1, "0.png", "relabel"), decision(2, "1.png", "skip"), decision(3, "2.png", "unsure")]
    result = apply(store, *said, policy=ExportPolicy(unreviewed="drop"))
    assert result.labels["image_id"].tolist() == result.images["image_id"].tolist() == ["0.png", "2.png"]
    gone = result.changes[result.changes["action"] == "drop"]
    assert gone["image_id"].tolist() == ["1.png", "3.png", "4.png", "5.png"]
    assert gone["verdict"].tolist() == ["skip", "", "", ""] and gone["reviewer"].tolist() == ["ada", "", "", ""]
    assert gone["decided_at"].tolist()[1:] == ["", "", ""] and gone["seq"].tolist() == [2, -1, -1, -1]


def test_an_excluded_image_is_left_out_whatever_its_label_and_who_marked_it_is_said(store: DecisionStore) -> None:
    bob = {"reviewer": "bob", "session": "bob-1"}
    store.book([decision(1, "0.png", "exclude", **bob), decision(2, "5.png", "exclude", given="eel", **bob)])
    result = apply(store, decision(1, "0.png", "relabel"), decision(2, "gone.png", "exclude"))
    assert result.labels["image_id"].tolist() == IDS[1:5] and not result.labels["excluded"].any()
    gone = result.changes[["image_id", "new", "action", "verdict", "reviewer"]].to_numpy().tolist()
    assert gone == [["0.png", "", "drop", "exclude", "bob"], ["5.png", "", "drop", "exclude", "bob"]]
    assert result.problems[["image_id", "problem"]].to_numpy().tolist() == [
        ["gone.png", "the image is not in this data set"]
    ]


def test_an_excluded_image_that_is_kept_keeps_its_new_label_and_its_mark(store: DecisionStore) -> None:
    said = [decision(1, "0.png", "relabel"), decision(2, "0.png", "exclude"), decision(3, "1.png", "exclude")]
    result = apply(store, *said, decision(4, "1.png", "include"), policy=ExportPolicy(excluded="keep"))
    assert result.labels["excluded"].tolist() == [True] + [False] * 5
    assert result.labels["label"].iloc[0] == "dog" and result.changes["verdict"].tolist() == ["relabel"]


def test_what_was_known_beforehand_stands_beside_the_labels(store: DecisionStore) -> None:
    known = {"image_id": ["2.png"], "suspicion": [0.5], "reasons": ["odd"], "is_suspect": [True]}
    result = apply(store, evidence=pd.DataFrame({**known, "suggested": ["dog"], "predicted": ["eel"]}))
    assert result.images.iloc[2].to_dict() == {
        "image_id": "2.png",
        "width": 0,
        "height": 0,
        "suspicion": 0.5,
        "is_suspect": True,
        "suggested": "dog",
        "predicted": "eel",
    }
    assert np.isnan(result.images["suspicion"].iloc[0]) and not result.images["is_suspect"].iloc[0]


@pytest.mark.parametrize("dropped", ["several", "none_fits", "unsure"])
def test_a_policy_leaves_images_out_and_says_so(store: DecisionStore, dropped: str) -> None:
    result = apply(
        store,
        decision(1, "1.png", "several", new_label="dog\vcat"),
        decision(2, "2.png", "none_fits"),
        decision(3, "0.png", "unsure"),
        policy=ExportPolicy(**{dropped: "drop"}),
    )
    gone = {"several": "1.png", "none_fits": "2.png", "unsure": "0.png"}[dropped]
    assert result.labels["image_id"].tolist() == [i for i in IDS if i != gone]
    left_out = result.changes[result.changes["action"] == "drop"]
    assert left_out[["image_id", "old", "new", "verdict"]].to_numpy().tolist() == [[gone, "cat", "", dropped]]


def test_policies_are_frozen_and_known() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ExportPolicy().several = "drop"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        ExportPolicy(skipped="drop")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="'keep' or 'drop'"):
        ExportPolicy(several="relabel")  # type: ignore[arg-type]


def test_an_undone_decision_changes_nothing(store: DecisionStore) -> None:
    result = apply(store, decision(1, "0.png", "relabel"), undo(2, 1, "0.png"))
    assert result.labels["status"].iloc[0] == "unreviewed" and len(result.changes) == 0


def test_a_new_label_that_is_the_given_one_is_a_kept_label(store: DecisionStore) -> None:
    result = apply(store, decision(1, "0.png", "relabel", new_label="cat"))
    assert result.labels["status"].iloc[0] == "kept" and len(result.changes) == 0


def test_disagreements_are_listed_and_the_last_word_is_used(store: DecisionStore) -> None:
    bob = {"reviewer": "bob", "session": "bob-1"}
    eve = {"reviewer": "eve", "session": "eve-1"}
    store.book([decision(1, "0.png", "relabel"), decision(2, "1.png", "relabel"), decision(3, "2.png", "relabel")])
    store.book([decision(1, "0.png", "keep", **bob), decision(2, "1.png", "relabel", **bob, note="same")])
    result = apply(store, decision(3, "2.png", "unsure", **bob), decision(1, "0.png", "skip", **eve))
    conflicts = result.conflicts
    said = conflicts[["image_id", "reviewer", "verdict", "labels", "in_force"]].to_numpy().tolist()
    assert said == [["0.png", "ada", "relabel", ("dog",), False], ["0.png", "bob", "keep", (), True]]
    assert result.labels["status"].tolist()[:3] == ["kept", "relabelled", "relabelled"]


@pytest.mark.parametrize("verdict", ["unsure", "skip"])
def test_who_could_not_settle_a_disagreement_puts_nobodys_word_out_of_force(verdict: str, store: DecisionStore) -> None:
    bob, ada = {"reviewer": "bob", "session": "bob-1"}, {"purpose": "adjudicate"}
    store.book(
        [decision(1, "0.png", "keep"), decision(1, "0.png", "relabel", **bob), decision(2, "0.png", verdict, **ada)]
    )
    assert store.in_force()["verdict"].tolist() == ["relabel"] and len(disagreements(store.current())) == 2


def test_two_orders_of_the_same_labels_are_no_disagreement() -> None:
    current = pd.DataFrame(
        {
            "event_id": [1, 2, 3, 4],
            "image_id": ["a", "a", "b", "b"],
            "verdict": ["several", "several", "keep", "relabel"],
            "given": "x",
            "new_label": ["x\vy", "y\vx", "", "x"],
            "purpose": "",
        }
    )
    assert len(disagreements(current)) == 0
    assert disagreements(current.assign(new_label=["x\vy", "x\vz", "", "y"]))["event_id"].tolist() == [1, 2, 3, 4]
    assert in_force(current).tolist() == [False, True, False, True]


def test_decisions_that_do_not_fit_the_data_are_listed_and_not_applied(store: DecisionStore) -> None:
    result = apply(
        store,
        decision(1, "gone.png", "relabel"),
        decision(2, "0.png", "relabel", given="eel"),
        decision(3, "1.png", "relabel", new_label="unicorn"),
        decision(4, "2.png", "several", new_label="dog\vunicorn"),
        decision(5, "3.png", "relabel", given="dog", new_label="eel"),
    )
    assert dict(zip(result.problems["image_id"], result.problems["problem"], strict=True)) == {
        "gone.png": "the image is not in this data set",
        "0.png": "the given label was another one when it was judged",
        "1.png": "the new label is no class of this data set",
        "2.png": "the new label is no class of this data set",
    }
    assert result.labels["status"].tolist() == ["unreviewed"] * 3 + ["relabelled"] + ["unreviewed"] * 2


def test_a_decision_that_does_not_fit_does_not_hide_another_reviewers(store: DecisionStore) -> None:
    store.book([decision(1, "0.png", "relabel")])
    result = apply(store, decision(1, "0.png", "relabel", new_label="unicorn", reviewer="bob", session="bob-1"))
    assert result.labels["label"].iloc[0] == "dog" and len(result.problems) == 1


def test_times_are_written_in_utc() -> None:
    assert iso_time(0) == "1970-01-01T00:00:00.000000+00:00"
    assert iso_time(253_402_300_799.9999) == "9999-12-31T23:59:59.999908+00:00"
