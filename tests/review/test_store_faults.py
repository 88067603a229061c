"""Real processes: first opening together, death in the middle of a booking, a disk that refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from analysis.base.errors import StoreFailure
from analysis.review.decisions import DecisionStore
from tests.review.helpers import decision
from tests.review.server import controlled, programs

WORKER = Path(__file__).with_name("worker.py")


PRIVATE_MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def may_mount() -> bool:
    """May a process of ours mount a file system that nobody else sees?"""
    command = [*PRIVATE_MOUNTS, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def worker(*arguments: str) -> list[str]:
    return [sys.executable, str(WORKER), *arguments]


class Booking:
    """Four threads that book one decision after the other, each until it is acknowledged."""

    def __init__(self, store: DecisionStore) -> None:
        self.store = store
        self.acknowledged: set[tuple[str, int]] = set()
        self.failures: list[str] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._book, args=(f"client-{i}",), daemon=True) for i in range(4)]
        for thread in self._threads:
            thread.start()

    def _book(self, session: str) -> None:
        seq = 0
        while not self._end.is_set():
            try:
                self.store.book([decision(seq, f"{seq}.png", session=session)])
            except StoreFailure as error:
                self.failures.append(str(error))
                self._end.wait(0.02)
            else:
                self.acknowledged.add((session, seq))
                seq += 1

    def wait_for(self, enough: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < enough:
            assert time.monotonic() < deadline, self.failures[-1:]
            time.sleep(0.01)

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(30)


def test_eight_processes_open_a_new_database_at_once(url: str, tmp_path: Path) -> None:
    files = [f"sqlite:///{tmp_path / f'{i}.sqlite'}" for i in range(7)]  # more tries than one: the faults are rare
    urls = [url, *files] if url.startswith("sqlite") else [url]
    done = subprocess.run(worker("eight", *urls), capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.splitlines() == [f"p{i} 5" for i in range(8)] * len(urls), done.stdout + done.stderr
    for address in urls:
        store = DecisionStore(address)
        assert store.count() == 40
        assert not store.log().duplicated(["session", "seq"]).any()
        store.close()


@pytest.mark.parametrize("enough", [5, 60, 150])
def test_a_killed_process_loses_nothing_that_was_acknowledged(url: str, enough: int) -> None:
    acknowledged: set[tuple[str, int]] = set()
    with subprocess.Popen(worker("loop", url), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for lines, line in enumerate(child.stdout):
            name, *seqs = line.split()
            acknowledged |= {(name, int(seq)) for seq in seqs}
            if lines == enough:
                child.kill()  # and read on: what it had printed before it died counts
    store = DecisionStore(url)
    log = store.log()
    stored = list(zip(log["session"], log["seq"], strict=True))
    assert acknowledged <= set(stored), "an acknowledged decision is gone"
    assert len(stored) == len(set(stored)), "a decision is there twice"
    assert len(set(stored) - acknowledged) <= 4 * 2, "at most one batch a client was on its way"
    assert all(log.groupby("session").size() % 2 == 0), "half a batch was stored"
    again = [decision(seq, f"{seq}.png", session=name) for name, seq in sorted(acknowledged)]
    answer = store.book(again)
    assert sum(map(len, answer.values())) == len(again) and answer.conflicts == []
    assert store.count() == len(stored)
    store.close()


def test_a_limit_on_the_file_size_refuses_clearly_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    done = subprocess.run(worker("fill", str(path), "400000"), capture_output=True, text=True, timeout=120, check=False)
    *acknowledged, last = done.stdout.splitlines()
    assert last.startswith("refused The decisions could not be written: the disk"), done.stdout[-500:] + done.stderr
    assert "nothing that was acknowledged is lost" in last
    assert len(acknowledged) > 10
    store = DecisionStore(path)
    assert store.booked_seqs("session-1")[: len(acknowledged)] == [int(line.split()[1]) for line in acknowledged]
    assert store.count() == len(acknowledged)
    store.close()


def test_a_full_disk_refuses_clearly_and_booking_goes_on_when_there_is_room(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path / "review.sqlite")
    store.book([decision(0)])
    store.close()
    pages = {"most": 20}

    def shrink(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages['most']}")  # type: ignore[attr-defined]

    event.listen(store.engine, "connect", shrink)
    with pytest.raises(StoreFailure, match="The decisions could not be written: the disk is full"):
        store.book([decision(i, f"{i}.png", note="n" * 1000) for i in range(1, 500)])
    assert store.booked_seqs("session-1") == [0]
    pages["most"] = 100_000
    store.close()
    store.book([decision(i, f"{i}.png", note="n" * 1000) for i in range(1, 500)])
    assert store.count() == 500
    store.close()


@pytest.mark.skipif(not may_mount(), reason="no rights to mount a small disk: a full one was only imitated")
def test_a_disk_that_is_really_full_refuses_and_takes_decisions_again_when_there_is_room(tmp_path: Path) -> None:
    command = [*PRIVATE_MOUNTS, *worker("small_disk", str(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    (full,) = [i for i, line in enumerate(lines) if line.startswith("refused")] or pytest.fail(done.stderr)
    assert lines[full].startswith("refused The decisions could not be written: the disk")
    assert "nothing that was acknowledged is lost" in lines[full]
    before, after = ([int(line.split()[1]) for line in part] for part in (lines[:full], lines[full + 1 : -1]))
    assert len(before) > 10 and len(after) == 50
    assert lines[-1] == f"stored {before + after}", "what was acknowledged, and nothing else"


@contextmanager
def readable_only(folder: Path) -> Iterator[None]:
    """The folder and what is in it may be read by us, but not written. Rights bind only those who are not root."""
    inside = list(folder.iterdir())
    for path in [*inside, folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)
    yield
    os.seteuid(os.getuid())
    for path in [folder, *inside]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_file_is_a_clear_error() -> None:
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path: others than its owner may not enter that
        path = Path(folder) / "review.sqlite"
        with DecisionStore(path) as store:
            store.book([decision(1)])
        refused = pytest.raises(StoreFailure, match=r"could not be (opened|written): .*(read-only|may not be written)")
        with readable_only(Path(folder)), refused:
            DecisionStore(path).book([decision(2)])


def test_files_that_become_read_only_refuse_clearly_until_they_may_be_written_again(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, DecisionStore(Path(folder) / "review.sqlite") as store:
        store.book([decision(1)])
        store.close()
        with readable_only(Path(folder)), pytest.raises(StoreFailure, match=r"could not be written: the file"):
            store.book([decision(2)])
        store.close()
        assert store.booked_seqs("session-1") == [1]
        assert store.book([decision(2)]) == {"session-1": [2]}


def test_a_store_opened_for_reading_shows_everything_and_books_nothing(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    writer = DecisionStore(path)
    writer.book([decision(1)])
    reader = DecisionStore(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert reader.current()["image_id"].tolist() == ["a.png"]
    with pytest.raises(StoreFailure, match="could not be written: the file or its folder is read-only"):
        reader.book([decision(2)])
    assert reader.count() == 1
    reader.close()
    writer.close()


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGKILL], ids=["crash", "kill -9"])
def test_a_database_server_that_dies_is_said_and_booking_goes_on_when_it_is_back(how: signal.Signals) -> None:
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL programs here: its server cannot be killed")
    with controlled(found) as server, DecisionStore(server.url) as store:
        booking = Booking(store)
        booking.wait_for(50)
        server.stop(how)
        with pytest.raises(StoreFailure, match=r"could not be (read|written)") as failed:
            while True:
                store.count()
        assert "nothing that was acknowledged is lost" in str(failed.value)
        server.start()
        at_restart = len(booking.acknowledged)
        booking.wait_for(at_restart + 50)
        booking.stop()
        assert booking.failures, "whoever booked was told"
        assert all("The decisions could not be written" in failure for failure in booking.failures)
        log = store.log()
        stored = list(zip(log["session"], log["seq"], strict=True))
        assert len(stored) == len(set(stored)), "a decision is there twice"
        assert set(stored) == booking.acknowledged, "all were booked in the end, and nothing else"
