"""kill -9 of the web server while four clients book: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.review.opening import VARIABLE, open_store
from analysis.runs.workspace import Workspace
from tests.factory import make_dataset

ROUNDS = 20
CLIENTS = 4
EACH = 250  # bookings of a client in a round
PATIENCE = 60.0  # seconds; a client that gets no answer for so long gives up


class Server:
    """A web server on one port that can be killed and started again, as often as one likes."""

    def __init__(self, keeper: subprocess.Popen[str], port: int) -> None:
        self.keeper = keeper
        self.port = port
        self.pid, self.key, self.token = 0, "", ""

    def start(self) -> None:
        assert self.keeper.stdin is not None and self.keeper.stdout is not None
        self.keeper.stdin.write("start\n")
        self.keeper.stdin.flush()
        pid, self.key, self.token = self.keeper.stdout.readline().split()
        self.pid = int(pid)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@contextmanager
def server_of(workspace: Path, url: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("killed_server.py")), str(workspace), str(port)]
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, VARIABLE: url}, **pipe) as keeper:
        server = Server(keeper, port)
        server.start()
        try:
            yield server
        finally:
            server.kill()
            keeper.stdin.close()


class Client(threading.Thread):
    """Books its decisions as the deck does: keeps each until it is acknowledged, sends again what may be lost."""

    def __init__(self, server: Server, session: str, enough: threading.Semaphore) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.session = session
        self.enough = enough
        self.pending = [self._op(seq) for seq in range(1, EACH + 1)]
        self.acknowledged: list[int] = []
        self.turned_away = 0
        self.sizes = np.random.default_rng(list(session.encode())).choice((1, 1, 1, 2, 3, 8), EACH).tolist()
        self.problem = ""
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)

    def _op(self, seq: int) -> dict[str, Any]:
        facts = {"session": self.session, "seq": seq, "image_id": f"train/{seq - 1:05d}", "verdict": "keep"}
        return {**facts, "reviewer": self.session, "run_id": "r", "decided_at": 1.76e9 + seq, "mode": "single"}

    def run(self) -> None:
        last = time.monotonic()
        while self.pending and not self.problem:
            batch = self.pending[: self.sizes[len(self.pending) - 1]]
            try:
                self._take(self._post(batch))
                last = time.monotonic()
            except (OSError, http.client.HTTPException):
                self.connection.close()  # the next request opens it again
                self.turned_away += 1
                time.sleep(0.02)
            if time.monotonic() - last > PATIENCE:
                self.problem = f"no answer for {PATIENCE} s"
        self.connection.close()

    def _post(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        headers = {"content-type": "application/json", "x-lookalike-token": self.server.token}
        headers["origin"] = f"http://127.0.0.1:{self.server.port}"
        self.connection.request("POST", f"/decisions/{self.server.key}", json.dumps({"ops": batch}), headers)
        answer = self.connection.getresponse()
        body = answer.read().decode()
        if answer.status == 401:  # started anew: the next request brings the new token
            raise ConnectionResetError
        if answer.status != 200:
            self.problem = f"{answer.status} {body}"
        return json.loads(body)

    def _take(self, answer: dict[str, Any]) -> None:
        self.problem = self.problem or "".join(str(problem) for problem in answer.get("problems", ()))
        there = {entry["seq"] for entry in answer.get("acked", ())}
        self.pending = [op for op in self.pending if op["seq"] not in there]
        self.acknowledged += there
        for _ in there:
            self.enough.release()


def one_round(server: Server, number: int, chance: np.random.Generator) -> list[Client]:
    """1,000 bookings from four clients, the server killed in the middle of them and started again."""
    enough = threading.Semaphore(0)
    clients = [Client(server, f"round{number:02d}-{i}", enough) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(chance.integers(100, CLIENTS * EACH - 200)):
        assert enough.acquire(timeout=PATIENCE), [client.problem for client in clients]
    server.kill()
    killed_at = sum(len(client.pending) for client in clients)
    server.start()
    for client in clients:
        client.join(2 * PATIENCE)
    assert not [client.problem for client in clients if client.problem]
    assert killed_at > 50, "the kill came when nothing was left to book"
    assert sum(client.turned_away for client in clients) >= CLIENTS, "the kill was noticed by nobody"
    return clients


def test_twenty_kills_in_the_middle_of_a_thousand_bookings_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws", make_dataset(n=EACH), source="x", reader="x")
    chance = np.random.default_rng(7)
    with server_of(workspace.path, url) as server, open_store(workspace, url) as store:
        for number in range(ROUNDS):
            clients = one_round(server, number, chance)
            for client in clients:
                assert sorted(client.acknowledged) == list(range(1, EACH + 1)), "each was acknowledged, and once"
                assert store.booked_seqs(client.session) == sorted(client.acknowledged)
            assert store.count() == (number + 1) * CLIENTS * EACH, "an acknowledged decision is gone, or one is twice"
        log = store.log()
        assert not log.duplicated(["session", "seq"]).any()
        assert (log.groupby("session")["image_id"].nunique() == EACH).all()


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
