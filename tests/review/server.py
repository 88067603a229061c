"""A throw-away PostgreSQL server for tests, on a free port of localhost, gone with its folder afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of initdb and postgres, newest version first, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]), reverse=True)
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root: how to become the user that its package made."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", f"--regid={pwd.getpwnam('postgres').pw_gid}", "--clear-groups"]


@contextmanager
def running(bin_folder: Path) -> Iterator[str]:
    """A server with an empty database; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Path(tempfile.mkdtemp(prefix="lookalike-postgres-"))
    if os.getuid() == 0:
        shutil.chown(place, "postgres")
    cluster = place / "cluster"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": place}
    init = [*_as_user(), str(bin_folder / "initdb"), "-D", str(cluster), "-U", "tester", "--auth=trust", "--no-sync"]
    subprocess.run(init, check=True, **quiet)
    options = ["-D", str(cluster), "-h", "127.0.0.1", "-p", str(port), "-k", str(place)]
    server = subprocess.Popen([*_as_user(), str(bin_folder / "postgres"), *options], **quiet)
    try:
        ready = [str(bin_folder / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, check=False).returncode:
            assert server.poll() is None, "PostgreSQL ended at once"
            assert time.monotonic() < deadline, "PostgreSQL did not start within a minute"
            time.sleep(0.1)
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is still connected
        server.wait(30)
        shutil.rmtree(place, ignore_errors=True)
