"""An open workspace and its parts, shared by all pages and routes of the process."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from analysis.base.errors import NotFoundHere
from analysis.runs.workspace import Workspace
from dashboard.server.opened import Opened, open_workspace
from tests.factory import make_workspace

PARTS = ("dataset", "images", "row_of", "class_names", "decisions", "leases", "queues")


@pytest.fixture
def fresh(tmp_path: Path) -> Opened:
    return Opened(make_workspace(tmp_path / "ws", n=10))


@pytest.mark.parametrize("part", PARTS)
def test_threads_that_ask_together_share_one_of_each_part(fresh: Opened, part: str) -> None:
    start, found = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        found.append(getattr(fresh, part))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert {id(one) for one in found} == {id(getattr(fresh, part))}


def test_leases_and_queues_live_beside_the_decisions(fresh: Opened) -> None:
    assert fresh.leases.store is fresh.queues.store is fresh.decisions


def test_parts_that_need_each_other_block_nobody(fresh: Opened) -> None:
    entered = threading.Event()

    def first() -> None:
        with fresh.lock:
            entered.set()
            time.sleep(0.2)  # until the other one stands at the door of the data set
            assert fresh.images is not None

    threads = [threading.Thread(target=first, daemon=True)]
    threads[0].start()
    entered.wait(10)
    threads.append(threading.Thread(target=lambda: fresh.dataset, daemon=True))
    threads[1].start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_workspace_that_stays_is_read_once_and_one_made_anew_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_workspace(tmp_path / "ws", n=10).path
    first = open_workspace(place)
    monkeypatch.setattr(Workspace, "facts", lambda _: pytest.fail("read again"))
    assert open_workspace(str(place)) is open_workspace(place) is first
    monkeypatch.undo()
    shutil.rmtree(place)
    with pytest.raises(NotFoundHere):
        open_workspace(place)
    make_workspace(place, n=12)
    assert len(open_workspace(place).dataset) == 12
