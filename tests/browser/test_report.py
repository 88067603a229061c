"""The report that the Overview hands out opens alone, without asking anybody for anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.test_look import settle

pytestmark = pytest.mark.browser


def test_the_report_is_downloaded_and_opens_offline_with_no_request(
    serve: Callable[..., Server], browse: Callable[..., Any], chrome: Any, tmp_path: Path
) -> None:
    page = browse(serve(n=200).url)
    page.goto("/")
    settle(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report for a colleague").click()
    waiting.value.save_as(tmp_path / "report.html")
    alone = chrome.new_context(offline=True)
    try:
        reader, asked = alone.new_page(), []
        reader.on("request", lambda request: asked.append(request.url[:80]))
        reader.goto((tmp_path / "report.html").as_uri())
        assert reader.locator("h2").count() >= 5
        assert reader.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    finally:
        alone.close()
