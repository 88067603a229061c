"""Go on, audit or stop: every branch, with its reason in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.review.audit import Audit, AuditResult, audit_result
from analysis.review.queue import QueueProgress, Recent
from analysis.review.said import RIGHT, WRONG
from analysis.review.stopping import Advice, advise

N = 10_000


def queue(judged: int, wrong: int, *, recent: tuple[int, int] | None = None, total: int = 1000) -> QueueProgress:
    """A queue of 1,000 with so many judged; `recent` (judged, wrong) as the last ones."""
    low, high = wilson(wrong, judged)
    last = Recent(*recent, *wilson(recent[1], recent[0])) if recent else Recent()
    precision = wrong / judged if judged else None
    return QueueProgress(total, wrong, judged - wrong, 0, 0, 0, precision, low, high, last)


def audit(m: int, wrong: int, *, judged: int | None = None, found: int = 0, n: int = N) -> AuditResult:
    """A sample of m of n images, `judged` of them judged and `wrong` wrong; `found` more were found by queues since."""
    verdict = np.zeros(n, np.int8)
    verdict[: m if judged is None else judged] = RIGHT
    verdict[:wrong] = WRONG
    verdict[n - found :] = WRONG
    return audit_result(Audit(np.arange(m), np.ones(n, bool)), verdict)


def say(reached: QueueProgress, result: AuditResult | None, accepted: float = 0.01) -> Advice:
    return advise(reached, result, n_images=N, accepted=accepted)


def test_begin_where_nothing_is_judged() -> None:
    assert say(queue(0, 0), None) == Advice("begin", "Nothing is judged yet in this queue of 1,000 images.")
    assert say(queue(0, 0, total=1), audit(400, 0)).sentence == "Nothing is judged yet in this queue of 1 image."


def test_without_an_audit_go_on_while_the_queue_finds_more_than_accepted() -> None:
    assert say(queue(200, 120, recent=(50, 20)), None) == Advice(
        "go_on",
        "Of the last 50 labels judged here 20 were wrong (95 % interval 27.6 % to 53.8 %): more than the 1.0 % "
        "accepted. How many remain elsewhere only a random audit can tell.",
    )


def test_without_an_audit_a_queue_that_runs_dry_is_no_basis_to_stop() -> None:
    assert say(queue(200, 120, recent=(50, 0)), None) == Advice(
        "audit",
        "Of the last 50 labels judged here none was wrong (95 % interval 0.0 % to 7.1 %). That is no basis to stop: it "
        "says nothing of the other images. Draw a random sample and judge it.",
    )


def test_without_an_audit_a_finished_queue_is_no_basis_to_stop() -> None:
    assert say(queue(1000, 900, recent=(50, 40)), None) == Advice(
        "audit",
        "Everything in this queue is judged. That is no basis to stop: it says nothing of the other images. Draw a "
        "random sample and judge it.",
    )


def test_an_audit_that_nobody_has_begun_is_to_be_judged_first() -> None:
    advice = say(queue(200, 60, recent=(50, 0)), audit(300, 0, judged=0))
    assert advice.verdict == "audit"
    assert advice.sentence.endswith("Judge the sample of 300 images that was drawn.")


def test_go_on_while_the_queue_finds_more_than_a_random_pick() -> None:
    assert say(queue(200, 80, recent=(50, 10)), audit(400, 12)) == Advice(
        "go_on",
        "Of the last 50 labels judged here 10 were wrong (95 % interval 11.2 % to 33.0 %); a random pick among the "
        "images not judged yet would find about 3.0 %. The queue still finds more than chance.",
    )


def test_what_queues_have_found_since_lowers_what_a_random_pick_would_find() -> None:
    recent = queue(600, 400, recent=(50, 2))  # 1.1 % to 13.5 %
    assert say(recent, audit(400, 12, found=0), accepted=0.5).verdict == "stop"
    assert say(recent, audit(400, 12, found=250), accepted=0.5).verdict == "go_on"


def test_stop_when_the_queue_is_no_better_than_chance_and_little_remains() -> None:
    assert say(queue(500, 200, recent=(50, 0)), audit(600, 0)) == Advice(
        "stop",
        "Of the last 50 labels judged here none was wrong (95 % interval 0.0 % to 7.1 %), no better than a random "
        "pick, and at most 60 wrong labels remain unfound: 0.6 % of 10,000 images, and 1.0 % is accepted (random "
        "audit, 95 % interval).",
    )


def test_stop_when_the_queue_is_done_and_little_remains() -> None:
    advice = say(queue(1000, 900, recent=(50, 40)), audit(600, 0))
    assert advice.verdict == "stop"
    assert advice.sentence.startswith("Everything in this queue is judged, and at most 60 wrong labels remain unfound")


def test_little_that_remains_is_no_reason_to_stop_while_the_queue_still_finds_more_than_chance() -> None:
    assert say(queue(500, 200, recent=(50, 5)), audit(600, 0)).verdict == "go_on"


def test_go_on_elsewhere_where_too_many_remain_for_certain() -> None:
    assert say(queue(1000, 10, recent=(50, 1)), audit(400, 40)) == Advice(
        "go_on",
        "Everything in this queue is judged, but at least 707 wrong labels remain unfound: 7.1 % of 10,000 images, "
        "more than the 1.0 % accepted (random audit, 95 % interval). Another queue or order, or a new analysis with "
        "the labels judged so far, may find them sooner.",
    )


def test_open_where_the_audit_is_too_small_with_how_many_more_would_decide_it() -> None:
    assert say(queue(500, 200, recent=(50, 0)), audit(200, 0)) == Advice(
        "open",
        "Of the last 50 labels judged here none was wrong (95 % interval 0.0 % to 7.1 %), no better than a random "
        "pick, but between 0 and 185 wrong labels remain unfound: 0.0 % to 1.8 % of 10,000 images, and 1.0 % is "
        "accepted. If the share stays as it is, about 172 more images of this audit would decide it.",
        172,
    )


@pytest.mark.parametrize(("wrong", "accepted"), [(0, 0.01), (2, 0.03), (10, 0.03), (8, 0.03), (4, 0.012)])
def test_so_many_more_do_decide_it_and_clearly_fewer_do_not(wrong: int, accepted: float) -> None:
    dry = queue(500, 200, recent=(50, 0))
    advice = say(dry, audit(200, wrong), accepted)
    assert advice.verdict == "open" and advice.more is not None

    def later(more: float) -> str:
        m = 200 + int(more)
        m -= m % (200 // wrong) if wrong else 0  # so that the share can stay as it is
        return say(dry, audit(m, wrong * m // 200), accepted).verdict

    assert later(advice.more * 1.15 + 200 / max(1, wrong)) in ("stop", "go_on")
    assert later(advice.more * 0.6) == "open"


def test_a_new_audit_is_proposed_where_it_takes_fewer_images_than_the_old_one() -> None:
    """The old sample says 2 to 10 %; 450 of its 500 wrong labels were found since, which it can only subtract."""
    advice = say(queue(700, 450, recent=(50, 0)), audit(200, 10, found=480))
    assert advice.verdict == "open"
    assert "a new audit of about" in advice.sentence and "images not judged yet would decide it" in advice.sentence
    assert advice.more is not None and advice.more < 1000


def test_where_no_recent_judgement_is_known_all_of_the_queue_counts() -> None:
    assert "Of the last 200 labels judged here 120 were wrong" in say(queue(200, 120), None).sentence
    one = say(queue(1, 1, recent=(1, 1)), None)
    assert one.sentence.startswith("The one label judged here was wrong (95 % interval 20.7 % to 100.0 %)")


@pytest.mark.parametrize("accepted", [-0.1, 1.01, float("nan")])
def test_an_accepted_share_that_makes_no_sense_is_refused(accepted: float) -> None:
    with pytest.raises(BadInput, match="The accepted share of wrong labels is"):
        say(queue(0, 0), None, accepted)


def test_no_number_of_judged_images_alone_leads_to_stop() -> None:
    for judged in (1, 50, 500, 999, 1000):
        for wrong in (0, 1, judged // 2):
            recent = (min(50, judged), min(wrong, 50, judged))
            assert say(queue(judged, wrong, recent=recent), None).verdict in ("go_on", "audit")
