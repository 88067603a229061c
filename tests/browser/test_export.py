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


def test_a_format_of_images_with_its_option_is_written_and_downloaded(
    serve: Callable[..., Server], browse: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(n=40)
    page = browse(server.url, accept_downloads=True)
    page.goto("/export")
    page.get_by_role("combobox", name="Format").click()
    page.get_by_role("option", name="Folder per class").click()
    page.wait_for_function(SETTLED)
    page.get_by_label("Or a new folder on this machine").fill(str(tmp_path / "images"))
    page.get_by_label("Or a new folder on this machine").press("Enter")
    page.wait_for_function(SETTLED)
    page.get_by_role("button", name="Write to this folder").click()
    page.get_by_text("Written to this folder").wait_for()
    assert len(list((tmp_path / "images").rglob("*.png"))) == 40
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download (zip)").click()
    caught.value.save_as(tmp_path / "images.zip")
    packed = [name for name in zipfile.ZipFile(tmp_path / "images.zip").namelist() if name.endswith(".png")]
    assert len(packed) == 40 and not [name for name in packed if name.startswith("/") or ".." in name]
