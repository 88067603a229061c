"""Arrays for charts that draw in the browser: each has an address made from its content, and is fetched once.

What a page draws from goes this way and never through component data, which Streamlit would send again with every
change. A page publishes what it needs whenever it runs; what nobody asked for lately makes room for newer arrays.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from analysis.base.arrays import digest_of
from dashboard.server import opened as registry
from dashboard.server.opened import Opened
from dashboard.server.security import foreign_embed
from dashboard.server.urls import prefix

ROOM = 256 << 20  # bytes of all arrays kept; 200,000 positions take 1.6 MB
_TYPES = {"f4": "<f4", "u1": "<u1", "u2": "<u2", "u4": "<u4"}
_OWN = {"cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff"}
_KEPT = "private, max-age=86400, immutable"  # another content has another address


@dataclass(frozen=True, eq=False)
class Packet:
    """An array as it travels: little-endian bytes in row order, and their type (f4, u1, u2 or u4)."""

    data: bytes
    type: str

    @cached_property
    def digest(self) -> str:
        """What its address and its ETag are made of."""
        return digest_of(self.data, self.type)


def packet(array: NDArray[Any], kind: str) -> Packet:
    """The array as a packet of type `kind`; ValueError where a whole number does not fit into it."""
    wanted = np.dtype(_TYPES[kind])
    if wanted.kind == "u" and len(array) and not 0 <= int(array.min()) <= int(array.max()) <= np.iinfo(wanted).max:
        raise ValueError(f"numbers from {array.min()} to {array.max()} do not fit into {kind}")
    return Packet(np.ascontiguousarray(array, wanted).tobytes(), kind)


def codes(array: NDArray[np.integer], n: int) -> Packet:
    """Numbers below `n` in as few bytes as they need."""
    return packet(array, "u1" if n <= 1 << 8 else "u2" if n <= 1 << 16 else "u4")


class Shelf:
    """Published packets by workspace and digest; the ones asked for longest ago go first when there is no room."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._packets: OrderedDict[tuple[str, str], Packet] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def put(self, workspace: str, one: Packet) -> None:
        """Keep a packet of a workspace, whatever else has to go for it."""
        with self._lock:
            if (workspace, one.digest) not in self._packets:
                self._packets[workspace, one.digest] = one
                self._held += len(one.data)
            self._packets.move_to_end((workspace, one.digest))
            while self._held > self.room and len(self._packets) > 1:
                self._held -= len(self._packets.popitem(last=False)[1].data)

    def get(self, workspace: str, digest: str) -> Packet | None:
        """The packet, or None where it was never published or had to go."""
        with self._lock:
            found = self._packets.get((workspace, digest))
            if found is not None:
                self._packets.move_to_end((workspace, digest))
            return found


SHELF = Shelf()


def publish(opened: Opened, one: Packet) -> dict[str, str]:
    """Make a packet ready to be fetched; the address and type that its reader needs."""
    SHELF.put(opened.key, one)
    return {"url": f"{prefix()}/points/{opened.key}/{one.digest}", "type": one.type}


def route() -> Route:
    """The route that serves what was published."""
    return Route(prefix() + "/points/{workspace}/{digest}", _serve, methods=["GET"])


async def _serve(request: Request) -> Response:
    if foreign_embed(request.headers):
        return _problem(403, "Points are given to this program's own pages only.")
    found = registry.by_key(request.path_params["workspace"])
    one = SHELF.get(found.key, request.path_params["digest"]) if found else None
    if one is None:
        return _problem(404, "These points are not here any more; the page publishes them again.")
    headers = {**_OWN, "cache-control": _KEPT, "etag": f'"{one.digest}"'}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(one.data, media_type="application/octet-stream", headers=headers)


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status, headers={**_OWN, "cache-control": "no-store"})
