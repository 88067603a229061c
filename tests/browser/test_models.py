"""The page of models in a browser: a point leads to the images of its model; decisions arrive by themselves."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.review.decisions import DecisionStore
from analysis.runs.models import add_model
from analysis.runs.workspace import Workspace
from tests.browser.conftest import Server
from tests.browser.test_access import FOREIGN, RUN
from tests.browser.test_look import settle
from tests.factory import make_workspace
from tests.review.helpers import decision

pytestmark = pytest.mark.browser
NASTY = "<img src=x onerror=alert(1)> m"


@pytest.fixture
def server(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """Labels of which one in ten is wrong; a model that has learnt them, one that has not."""
    workspace = make_workspace(tmp_path / "w", n=400, classes=4)
    dataset, rng = workspace.dataset(), np.random.default_rng(0)
    assert dataset.true is not None
    luck = rng.integers(0, 4, 400)
    add_model(workspace, "sound", np.where(rng.random(400) < 0.97, dataset.true, luck))
    add_model(workspace, NASTY, np.where(rng.random(400) < 0.92, dataset.given, luck))
    return serve(workspace.path)


def points(page: Any) -> Any:
    return page.locator(".js-plotly-plot .scatterlayer .point")


def test_a_point_explains_the_model_and_leads_to_its_images(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/models")
    settle(page)
    points(page).nth(8).wait_for()
    assert points(page).count() == 9
    box = page.locator(".js-plotly-plot .scatterlayer .points").nth(2).locator(".point").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".hoverlayer .hovertext").get_by_text("rank 3").wait_for()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/models?*model=*")
    settle(page)
    page.get_by_text("Only factory (run) is right").wait_for()


def test_what_others_decide_arrives_without_a_reload(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url, color_scheme="dark")
    page.goto("/models")
    settle(page)
    page.get_by_text("0 of them judged").wait_for()
    workspace = Workspace.open(server.workspace)
    dataset = workspace.dataset()
    assert dataset.true is not None
    with DecisionStore(workspace.review_url) as store:
        for i in np.flatnonzero(dataset.true != dataset.given).tolist():
            names = {"given": dataset.classes[dataset.given[i]], "new_label": dataset.classes[dataset.true[i]]}
            store.book([decision(i, dataset.table["image_id"][i], "relabel", **names)])
    page.get_by_text("40 of them judged: 40 wrong").wait_for()
    page.get_by_text("passes another model beyond chance").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_with_models_has_no_serious_barrier_and_fits(
    server: Server, browse: Callable[..., Any], scheme: str
) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core is not installed: see tests/requirements.txt")
    page = browse(server.url, color_scheme=scheme)
    page.goto("/models")
    settle(page)
    points(page).nth(8).wait_for()
    page.wait_for_timeout(800)  # colours fade in, and a half-faded text has no contrast
    page.evaluate(Path(str(files(axe) / "axe.min.js")).read_text(encoding="utf-8"))
    assert page.evaluate(RUN, list(FOREIGN)) == []
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth + 1")
