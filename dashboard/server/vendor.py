"""vis-network as it lies inside the pyvis package, served from here: no page fetches anything from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from analysis.base.arrays import digest_of
from analysis.base.errors import NotAvailable
from dashboard.server.urls import prefix


@cache
def vis_network() -> Path:
    """The script, found without importing pyvis, which would load IPython."""
    spec = find_spec("pyvis")
    if spec is None or spec.origin is None:
        raise NotAvailable("The package pyvis is not installed", hint="pip install -r requirements.txt")
    return max((Path(spec.origin).parent / "templates" / "lib").glob("vis-*/vis-network.min.js"))


@cache
def _version() -> str:
    return digest_of(vis_network().read_bytes())[:12]


def vis_network_url() -> str:
    """Its address; it changes with the content."""
    return f"{prefix()}/vendor/{_version()}/vis-network.js"


def route() -> Route:
    """The route that serves it."""
    return Route(prefix() + "/vendor/{version}/vis-network.js", _serve, methods=["GET"])


async def _serve(request: Request) -> Response:
    current = request.path_params["version"] == _version()
    kept = "public, max-age=31536000, immutable" if current else "no-store"
    headers = {
        "cache-control": kept,
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return FileResponse(vis_network(), media_type="text/javascript", headers=headers)
