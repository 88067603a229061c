"""A web server that tests kill: `python killed_server.py WORKSPACE PORT`, never imported by the program.

It loads everything once; for every line on its standard input it forks a server (the real routes behind the real guard,
nothing opened before) and says "PID KEY TOKEN" when that listens. Killing that PID is killing the server.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard.server import opened, security
from dashboard.server.routes import routes


class Announced(uvicorn.Server):
    """Says on standard output when it listens."""

    async def startup(self, sockets: list[object] | None = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        print(os.getpid(), self.key, security.TOKEN, flush=True)

    key = ""


def serve(workspace: str, port: int) -> None:
    security.TOKEN = secrets.token_urlsafe(32)  # each process has its own
    found = opened.open_workspace(workspace)
    app = Starlette(routes=routes(), middleware=[Middleware(security.Guard)])
    server = Announced(uvicorn.Config(app, port=port, log_level="error", lifespan="off", loop="asyncio", http="h11"))
    server.key = found.key
    server.run()


def main(workspace: str, port: str) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            serve(workspace, int(port))
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
