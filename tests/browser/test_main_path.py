"""The main path a user takes, on the real demo: overview, a community, its images, one decision by key, the export."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.cli import main
from analysis.review.exporter import read_export
from analysis.runs.workspace import Workspace
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events

pytestmark = pytest.mark.browser


def test_from_the_demo_to_exactly_one_changed_label(
    demo: Path, serve: Callable[..., Server], browse: Callable[..., Any], tmp_path: Path
) -> None:
    place = tmp_path / "demo"
    shutil.copytree(demo, place)
    workspace = Workspace.open(place)
    run = workspace.latest()
    assert run is not None
    server = serve(place)
    page = browse(server.url)
    page.goto("/")
    page.get_by_text("144 of the 1,797 labels were made wrong on purpose").wait_for()

    page.get_by_role("link", name="Communities").click()
    page.locator(".canvas[data-drawn='10']").wait_for()
    page.wait_for_function(SETTLED)
    page.get_by_role("button", name="Review this community").click()
    deck = Deck(page).ready()
    image_id = deck.image_id
    suspects = run.table("suspects").set_index("image_id")
    community = run.table("classes")["community"].to_numpy()
    shown = suspects.loc[image_id]
    assert community[shown["given"]] == 0, "the page begins with the community of most errors"
    deck.press("a")
    deck.saved(1)
    event = wait_for_events(place, 1).iloc[0]
    assert (event["image_id"], event["verdict"]) == (image_id, "relabel")

    page.get_by_role("link", name="Export").click()
    page.get_by_role("heading", name="1 label changes in 2 classes").wait_for()
    server.kill()  # what was decided is on disk
    for form in ("csv", "json"):
        assert main(["export", str(place), "--format", form, "--out", str(tmp_path / form)]) == 0
        tables = read_export(form, tmp_path / form).tables
        labels = tables["labels"]
        changed = labels[labels["label"] != labels["given"]]
        assert list(changed["image_id"]) == [image_id] == list(tables["changes"]["image_id"])
        assert len(labels) == 1797
        names = workspace.facts()["classes"]
        change = tables["changes"].iloc[0]
        assert (change["old"], change["new"]) == (names[shown["given"]], names[shown["suggested"]])
        assert change["reviewer"]
        assert change["reason"] == shown["reasons"]
