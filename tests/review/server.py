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


class Postgres:
    """One cluster in a folder of its own that can be stopped in any way and started again."""

    def __init__(self, bin_folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.bin = bin_folder
        self.place = Path(tempfile.mkdtemp(prefix="lookalike-postgres-"))
        if os.getuid() == 0:
            shutil.chown(self.place, "postgres")
        self.url = f"postgresql://tester@127.0.0.1:{self.port}/postgres"
        self._quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": self.place}
        self._cluster = ["-D", str(self.place / "cluster")]
        init = [*_as_user(), str(bin_folder / "initdb"), *self._cluster, "-U", "tester", "--auth=trust", "--no-sync"]
        subprocess.run(init, check=True, **self._quiet)
        self.start()

    def start(self) -> None:
        """Start, and wait until connections are taken; again while an earlier server's processes are still going."""
        ready = [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 60
        self._launch()
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL did not start within a minute"
            time.sleep(0.1)
            if self.process.poll() is not None:
                self._launch()

    def _launch(self) -> None:
        options = [*self._cluster, "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.place)]
        self.process = subprocess.Popen([*_as_user(), str(self.bin / "postgres"), *options], **self._quiet)

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: at once, whoever is connected. SIGQUIT: without a word, as in a crash. SIGKILL: the first process."""
        self.process.send_signal(how)
        self.process.wait(30)


@contextmanager
def running(bin_folder: Path) -> Iterator[str]:
    """A server with an empty database; gives its URL."""
    with controlled(bin_folder) as server:
        yield server.url


@contextmanager
def controlled(bin_folder: Path) -> Iterator[Postgres]:
    """A server of one's own, to be stopped and started at will."""
    server = Postgres(bin_folder)
    try:
        yield server
    finally:
        server.stop(signal.SIGINT)
        shutil.rmtree(server.place, ignore_errors=True)
