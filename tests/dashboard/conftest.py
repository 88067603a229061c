"""The routes of the dashboard over an open workspace of 40 images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.server import opened
from dashboard.server.opened import Opened
from dashboard.server.routes import routes
from dashboard.server.security import TOKEN, Guard
from tests.factory import make_workspace

BASE = "http://127.0.0.1:8501"


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = Starlette(routes=routes(), middleware=[Middleware(Guard)])
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as made:
        yield made
    opened.close_all()


@pytest.fixture
def found(tmp_path: Path, client: TestClient) -> Opened:
    return opened.open_workspace(make_workspace(tmp_path / "ws", n=40).path)


@pytest.fixture
def post(client: TestClient, found: Opened) -> Callable[..., Any]:
    """POST to a route of the workspace as the deck does; any header can be replaced, or left out with None."""

    def send(route: str, sent: Any, *, key: str = "", body: bytes | None = None, **headers: str | bytes | None) -> Any:
        usual = {"origin": BASE, "content-type": "application/json", "x-lookalike-token": TOKEN}
        changed = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = body if body is not None else json.dumps(sent).encode()
        said = {name: value for name, value in changed.items() if value is not None}
        return client.post(f"/{route}/{key or found.key}", content=content, headers=said)

    return send


@pytest.fixture
def send(post: Callable[..., Any]) -> Callable[..., Any]:
    """POST decisions as the deck does."""
    return lambda ops, **how: post("decisions", {"ops": ops}, **how)
