"""Real processes: first opening together, death in the middle of a booking, a disk that refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from analysis.base.errors import StoreFailure
from analysis.review.decisions import DecisionStore
from tests.review.helpers import decision

WORKER = Path(__file__).with_name("worker.py")


def worker(*arguments: str) -> list[str]:
    return [sys.executable, str(WORKER), *arguments]


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


@pytest.fixture
def nobody() -> Iterator[None]:
    """Rights bind only those who are not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A store of one decision whose folder and files may be read, but not written."""
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path: others than its owner may not enter that
        path = Path(folder) / "review.sqlite"
        store = DecisionStore(path)
        store.book([decision(1)])
        store.close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        yield path
        Path(folder).chmod(0o755)


def test_a_read_only_file_is_a_clear_error(read_only: Path, nobody: None) -> None:
    with pytest.raises(StoreFailure, match=r"could not be (opened|written): .*(read-only|may not be written)"):
        DecisionStore(read_only).book([decision(2)])


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
