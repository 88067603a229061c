"""From a key press on the Review page to exactly that change in an exported file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.review.exporter import read_export
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events

pytestmark = pytest.mark.browser


def test_a_decision_by_key_is_the_one_change_in_the_export(
    serve: Callable[..., Server], browse: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve()
    page = browse(server.url, accept_downloads=True)
    deck = Deck(page).open()
    shown, new = deck.image_id, deck.node.locator(".suggested dd").inner_text()
    deck.press("a", "k")
    deck.saved(2)
    page.get_by_role("link", name="Export").click()
    page.get_by_role("heading", name="1 label changes in 2 classes").wait_for()
    page.wait_for_function(SETTLED)
    page.get_by_role("button", name="Write into the workspace").click()
    page.get_by_text("Written to this folder").wait_for()
    (folder,) = (server.workspace / "exports").iterdir()
    changes = read_export("csv", folder).tables["changes"]
    event = wait_for_events(server.workspace, 2).iloc[0]
    assert list(changes["image_id"]) == [shown]
    assert (changes["old"][0], changes["new"][0]) == (event["given"], event["new_label"])
    assert changes["new"][0].split() == new.split()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download (zip)").click()
    caught.value.save_as(tmp_path / "labels.zip")
    assert "changes.csv" in zipfile.ZipFile(tmp_path / "labels.zip").namelist()
