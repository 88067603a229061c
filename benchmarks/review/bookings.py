"""How many decisions a second the web server books over HTTP: one JSON row per case.

    python benchmarks/review/bookings.py              3 seconds a case
    python benchmarks/review/bookings.py --full       15 seconds a case
    python benchmarks/review/bookings.py --store      the store alone: threads that book one decision each, no HTTP

The real routes behind the real guard in a process of their own, SQLite in a file and, where its programs are installed,
a PostgreSQL server started for this. Each client sends a batch, waits until it is acknowledged (durable) and sends the
next: nobody judges like that, so `decisions_per_s` is what the server sustains, not what it is asked for. Latency is of
one request (median and 95th percentile). Clients, web server and database server share the cores of one machine;
`server_cpu_ms` is the web server's processor time for one decision.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.base.types import Decision  # noqa: E402
from analysis.review.decisions import DecisionStore  # noqa: E402
from analysis.review.opening import VARIABLE, open_store  # noqa: E402
from analysis.runs.workspace import Workspace  # noqa: E402
from tests.factory import make_dataset  # noqa: E402
from tests.review.server import programs, running  # noqa: E402

IMAGES = 2_000
TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """The web server that the fault tests kill: where it listens and what a request must say."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("start\n")
        process.stdin.flush()
        pid, self.key, self.token = process.stdout.readline().split()
        self.pid, self.port = int(pid), port

    def cpu_seconds(self) -> float:
        """What the web server has used of the processors so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def request(self, body: bytes) -> bytes:
        """A whole POST, ready to be sent."""
        host = f"127.0.0.1:{self.port}"
        lines = (
            f"POST /decisions/{self.key} HTTP/1.1",
            f"host: {host}",
            f"origin: http://{host}",
            "content-type: application/json",
            f"x-lookalike-token: {self.token}",
            f"content-length: {len(body)}",
        )
        return "\r\n".join((*lines, "", "")).encode() + body


@contextmanager
def serving(workspace: Path, url: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "tests/review/killed_server.py"), str(workspace), str(port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, VARIABLE: url}, **pipes) as process:
        server = Server(process, port)
        try:
            yield server
        finally:
            os.kill(server.pid, 9)
            process.stdin.close()


class Client(threading.Thread):
    """Sends batch after batch until the time is over."""

    def __init__(self, server: Server, session: str, batch: int, until: float) -> None:
        super().__init__(daemon=True)
        self.server, self.session, self.batch, self.until = server, session, batch, until
        self.seconds: list[float] = []

    def _body(self, number: int) -> bytes:
        ops = []
        for seq in range(number * self.batch + 1, (number + 1) * self.batch + 1):
            op = {"session": self.session, "seq": seq, "image_id": f"train/{seq % IMAGES:05d}", "verdict": "keep"}
            facts = {
                "suggested": "class 1",
                "new_labels": [],
                "reviewer": self.session,
                "run_id": "20261121_probe",
            }
            when = {"decided_at": 1.7e9 + seq, "shown_at": 1.7e9 + seq - 1, "mode": "single", "queue": "suspects"}
            ops.append({**op, **facts, **when})
        return json.dumps({"ops": ops}).encode()

    def run(self) -> None:
        """Send, wait for the answer, look at it, send the next."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = 0
            while time.monotonic() < self.until:
                request = self.server.request(self._body(number))
                start = time.perf_counter()
                connection.sendall(request)
                answer = _answer(connection)
                self.seconds.append(time.perf_counter() - start)
                assert answer.count(b'"seq"') == self.batch and b'"problems":[]' in answer, answer
                number += 1


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return body


def case(server: Server, clients: int, batch: int, seconds: float) -> dict[str, float]:
    cpu, start = server.cpu_seconds(), time.monotonic()
    crowd = [Client(server, f"{clients:02d}-{batch:02d}-{i:03d}", batch, start + seconds) for i in range(clients)]
    for client in crowd:
        client.start()
    for client in crowd:
        client.join()
    took = time.monotonic() - start
    latencies = np.array([value for client in crowd for value in client.seconds]) * 1000
    booked = len(latencies) * batch
    return {
        "clients": clients,
        "batch": batch,
        "decisions": booked,
        "decisions_per_s": round(booked / took),
        "median_ms": round(float(np.median(latencies)), 2),
        "p95_ms": round(float(np.percentile(latencies, 95)), 2),
        "server_cpu_ms": round((server.cpu_seconds() - cpu) / booked * 1000, 3),
    }


def case_of_store(url: str, threads: int, seconds: float) -> dict[str, float]:
    """Threads that share a store and book one decision after the other."""
    latencies: list[float] = []

    def work(number: int) -> None:
        facts = ("class 1", "class 2", None, f"reviewer {number}", "20261121_probe", f"{threads:02d}-{number:02d}")
        seq = 0
        while time.monotonic() < until:
            one, before = Decision(f"{seq}.png", "keep", *facts, seq, 1.7e9 + seq), time.perf_counter()
            store.book([one])
            latencies.append((time.perf_counter() - before) * 1000)
            seq += 1

    with DecisionStore(url) as store:
        start, cpu = time.monotonic(), time.process_time()
        until = start + seconds
        crowd = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        took, used = time.monotonic() - start, time.process_time() - cpu
    return {
        "threads": threads,
        "decisions_per_s": round(len(latencies) / took),
        "median_ms": round(float(np.median(latencies)), 2),
        "p95_ms": round(float(np.percentile(latencies, 95)), 2),
        "cpu_ms": round(used / len(latencies) * 1000, 3),
    }


def measure_store(database: str, url: str, seconds: float) -> None:
    for threads in (1, 8, 32):
        print(json.dumps({"database": database, **case_of_store(url, threads, seconds)}), flush=True)


def measure(database: str, url: str, workspace: Workspace, seconds: float) -> None:
    with serving(workspace.path, url) as server:
        case(server, 2, 1, 0.5)  # what is loaded on first use
        with open_store(workspace, url) as store:
            before, booked = store.count(), 0
            for batch in (1, 10):
                for clients in (1, 8, 32):
                    row = case(server, clients, batch, seconds)
                    booked += int(row["decisions"])
                    print(json.dumps({"database": database, **row}), flush=True)
            assert store.count() - before == booked, "what was acknowledged is there"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="15 seconds a case")
    parser.add_argument("--store", action="store_true", help="the store alone, without HTTP")
    args = parser.parse_args()
    seconds = 15.0 if args.full else 3.0
    found = programs()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "ws", make_dataset(n=IMAGES), source="made", reader="made")

        def do(database: str, url: str) -> None:
            if args.store:
                measure_store(database, url, seconds)
            else:
                measure(database, url, workspace, seconds)

        do("sqlite", workspace.review_url)
        if found is None:
            print(json.dumps({"database": "postgresql", "skipped": "no PostgreSQL programs on this machine"}))
            return
        with running(found) as url:
            do("postgresql", url)


if __name__ == "__main__":
    main()
