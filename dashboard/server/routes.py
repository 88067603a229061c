"""The routes beside Streamlit's: images and class names out, decisions and leases in. Slow work runs in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from analysis.base.arrays import digest_of
from analysis.base.errors import NotFoundHere, Refused, StoreFailure, UserError
from analysis.data.images import MEDIA_TYPE
from dashboard.server import opened as registry
from dashboard.server import points, vendor
from dashboard.server.booking import MAX_BODY, book, read_batch
from dashboard.server.leasing import lease, read_ask
from dashboard.server.opened import Opened
from dashboard.server.proofs import Unproven
from dashboard.server.security import TOKEN_HEADER, foreign_embed, same_origin, token_fits
from dashboard.server.urls import prefix, scripts, scripts_version

THUMB_SIDE = 224
IMAGE_SIDE = 1600
PRIVATE = "private, max-age=86400"  # images of a workspace never change; another data set has another key
CODES = {StoreFailure: 507, Unproven: 401}  # of what else is wrong with a request: 400
OWN = {"cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff"}


def routes() -> list[Route]:
    """All routes, below the base path of the app."""
    base = prefix()
    return [
        Route(base + "/thumb/{workspace}/{row:int}", thumb, methods=["GET"]),
        Route(base + "/image/{workspace}/{row:int}", image, methods=["GET"]),
        Route(base + "/classes/{workspace}", classes, methods=["GET"]),
        Route(base + "/scripts/{version}/{component}/{name}", script, methods=["GET"]),
        vendor.route(),
        points.route(),
        Route(base + "/decisions/{workspace}", decisions, methods=["POST"]),
        Route(base + "/lease/{workspace}", leases, methods=["POST"]),
    ]


async def thumb(request: Request) -> Response:
    """A small version of one image."""
    return await _picture(request, lambda found, row: found.images.thumbnail(row, THUMB_SIDE))


async def image(request: Request) -> Response:
    """One image, at most `IMAGE_SIDE` pixels a side."""
    return await _picture(request, lambda found, row: found.images.encoded(row, IMAGE_SIDE))


async def _picture(request: Request, make: Callable[[Opened, int], bytes]) -> Response:
    if foreign_embed(request.headers):
        return _problem(403, "Images are shown to this program's own pages only.")
    found = registry.by_key(request.path_params["workspace"])
    if found is None:
        return _unknown()
    try:
        data = await run_in_threadpool(make, found, request.path_params["row"])
    except NotFoundHere as error:
        return _problem(404, str(error))
    except Refused as error:
        return _problem(403, str(error))
    except UserError as error:  # what the file holds is no image that can be shown
        return _problem(422, str(error))
    return _cached(data, MEDIA_TYPE, request.headers)


async def classes(request: Request) -> Response:
    """All class names, in class order."""
    found = registry.by_key(request.path_params["workspace"])
    if found is None:
        return _unknown()
    names = await run_in_threadpool(lambda: list(found.dataset.classes))
    return JSONResponse(names, headers={**OWN, "cache-control": PRIVATE})


async def script(request: Request) -> Response:
    """One of the components' modules, by the names that are there and no others."""
    path = scripts().get(f"{request.path_params['component']}/{request.path_params['name']}")
    if path is None:
        return _problem(404, "There is no such script.")
    data = await run_in_threadpool(path.read_bytes)
    current = request.path_params["version"] == scripts_version()
    kept = "public, max-age=31536000, immutable" if current else "no-store"
    return Response(data, media_type="text/javascript", headers={**OWN, "cache-control": kept})


async def decisions(request: Request) -> Response:
    """Book a batch: 200 says of each decision whether it is durable; on any other answer the deck keeps them all."""
    return await _posted(request, lambda found, body: book(found, read_batch(body)))


async def leases(request: Request) -> Response:
    """Lease images to a tab, renew what it has, take back what it releases."""
    return await _posted(request, lambda found, body: lease(found, read_ask(body)))


async def _posted(request: Request, work: Callable[[Opened, bytes], dict[str, Any]]) -> Response:
    """The answer of `work` to a body that our own page sent, or why there is none."""
    refusal = _refusal(request.headers)
    if refusal is not None:
        return refusal
    found = registry.by_key(request.path_params["workspace"])
    if found is None:
        return _unknown()
    body = await _body(request)
    if body is None:
        return _problem(413, f"A request has at most {MAX_BODY:,} bytes.")
    try:
        answer = await run_in_threadpool(work, found, body)
    except UserError as error:
        return _problem(next((code for kind, code in CODES.items() if isinstance(error, kind)), 400), str(error))
    return JSONResponse(answer, headers={**OWN, "cache-control": "no-store"})


def _refusal(headers: Headers) -> Response | None:
    """Why this request may not book anything, or None."""
    if not same_origin(headers):
        return _problem(403, "Decisions are taken from this program's own pages only.")
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return _problem(415, "Decisions are sent as application/json.")
    if not token_fits(headers.get(TOKEN_HEADER, "")):
        return _problem(401, "The program was restarted since this page was loaded.")
    return None


async def _body(request: Request) -> bytes | None:
    """The request body, or None as soon as it is longer than allowed, whatever its header says."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            return None
    return bytes(data)


def _cached(data: bytes, media_type: str, headers: Headers) -> Response:
    tag = f'"{digest_of(data)}"'
    kept = {**OWN, "cache-control": PRIVATE, "etag": tag}
    if tag in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=kept)
    return Response(data, media_type=media_type, headers=kept)


def _unknown() -> Response:
    return _problem(404, "This workspace is not open here.")


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status, headers={**OWN, "cache-control": "no-store"})
