"""Learning from verdicts on the Review page: off until asked for, measured, another order of the same images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.runs.workspace import Workspace
from dashboard import loaders
from dashboard.queues import Choice, cache_key, queue_of
from dashboard.selection import Columns
from tests.dashboard.conftest import Opens
from tests.dashboard.test_review_page import deck_data, page
from tests.dashboard.test_review_queues import book, suspects, texts
from tests.factory import make_workspace


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=700, classes=6)
    opens(made.path)
    return made


def judge(made: Workspace, n: int) -> None:
    """Verdicts on `n` images, the first suspects right and a class of the others wrong."""
    rest = np.setdiff1d(np.arange(700), suspects(made)).tolist()
    rows = (suspects(made)[:20] + rest)[:n]
    wrong = [row for row in rows if row % 6 == 2]
    book(made, wrong, "none_fits")
    book(made, [row for row in rows if row % 6 != 2], "keep", who="Ann")


def learn_toggle(app: AppTest) -> object:
    return next(one for one in app.toggle if one.key == "review.learn")


def test_it_cannot_be_switched_on_before_there_are_enough_verdicts(workspace: Workspace) -> None:
    judge(workspace, 120)
    app = page()
    assert not app.exception, app.exception
    toggle = learn_toggle(app)
    assert toggle.disabled and not toggle.value  # type: ignore[attr-defined]
    assert "Possible after 300 verdicts" in texts(app)


def test_it_is_off_until_asked_for_and_then_tells_its_gain(workspace: Workspace) -> None:
    judge(workspace, 420)
    app = page()
    toggle = learn_toggle(app)
    assert not toggle.disabled and not toggle.value  # type: ignore[attr-defined]
    plain = deck_data(app)
    assert "average precision" not in texts(app)
    toggle.set_value(True).run()  # type: ignore[attr-defined]
    assert not app.exception, app.exception
    assert "420 verdicts" in texts(app) and "average precision" in texts(app)
    learnt = deck_data(app)
    assert learnt["total"] == plain["total"]  # the same images, in another order
    assert learnt["tag"] == plain["tag"]


def test_what_was_learnt_orders_a_queue_and_changes_nobody_in_it(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    columns: Columns = loaders.run_columns(str(workspace.path), run.run_id)
    rows = loaders.listed(str(workspace.path), run.run_id)
    chance = np.linspace(0, 1, len(columns))
    plain = queue_of(Choice(order="suspicion"), columns, rows)
    learnt = queue_of(Choice(order="suspicion", learnt=300), columns, rows, chance=chance)
    np.testing.assert_array_equal(learnt, np.sort(plain)[::-1])
    assert not np.array_equal(learnt, plain)


def test_an_order_learnt_from_more_verdicts_is_another_one() -> None:
    keys = {cache_key(replace(Choice(), learnt=learnt)) for learnt in (0, 300, 400)}
    assert len(keys) == 3
