from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

from dashboard.server.opened import Opened
from dashboard.server.points import Shelf, codes, packet, publish


def test_an_array_comes_back_as_it_was_published(client: TestClient, found: Opened) -> None:
    xy = np.random.default_rng(0).normal(size=(50, 2))
    sent = publish(found, packet(xy, "f4"))
    answer = client.get(sent["url"])
    assert sent["type"] == "f4" and "immutable" in answer.headers["cache-control"]
    assert np.array_equal(np.frombuffer(answer.content, "<f4").reshape(-1, 2), xy.astype("f4"))
    again = client.get(sent["url"], headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_points_are_for_our_own_pages_and_open_workspaces_only(client: TestClient, found: Opened) -> None:
    url = publish(found, packet(np.arange(3), "u1"))["url"]
    assert client.get(url, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(url.replace(found.key, "other")).status_code == 404
    assert client.get(url + "0").status_code == 404
    assert "access-control-allow-origin" not in client.get(url).headers


@pytest.mark.parametrize(("n", "kind"), [(10, "u1"), (256, "u1"), (257, "u2"), (94_682, "u4")])
def test_numbers_take_as_few_bytes_as_they_need(n: int, kind: str) -> None:
    array = np.array([0, n - 1])
    made = codes(array, n)
    assert made.type == kind and np.array_equal(np.frombuffer(made.data, f"<{kind}"), array)


def test_a_number_that_does_not_fit_is_refused() -> None:
    for array in (np.array([256]), np.array([-1])):
        with pytest.raises(ValueError, match="do not fit"):
            packet(array, "u1")


def test_the_shelf_keeps_what_was_asked_for_last() -> None:
    shelf = Shelf(room=25)
    first, second, third = (packet(np.full(10, k), "u1") for k in range(3))
    shelf.put("w", first)
    shelf.put("w", second)
    assert shelf.get("w", first.digest) is first
    shelf.put("w", third)
    assert shelf.get("w", second.digest) is None
    assert shelf.get("w", first.digest) is first and shelf.get("w", third.digest) is third
    shelf.put("w", first)
    shelf.put("w", second)
    assert shelf.get("w", third.digest) is None, "what was published again counts once"
    assert shelf.get("w", first.digest) is first
