"""Child processes of the tests: run as `python worker.py TASK URL …`, never imported by the program.

eight: open the same new database in eight processes at one moment and book. loop: four threads book until killed, and
print what was acknowledged. fill: book under a limit on file size until the store refuses, and print its words.
small_disk: book on a disk of 4 MiB until it is full, make room, and book on.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.base.errors import StoreFailure
from analysis.review.decisions import DecisionStore
from tests.review.helpers import decision


def eight(*urls: str) -> None:
    for url in urls:
        _eight(url)


def _eight(url: str) -> None:
    fork = multiprocessing.get_context("fork")  # the children start together, with everything imported
    barrier, results = fork.Barrier(8), fork.Queue()
    children = [fork.Process(target=_open_and_book, args=(url, i, barrier, results)) for i in range(8)]
    for child in children:
        child.start()
    said = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    print("\n".join(sorted(said)), flush=True)


def _open_and_book(url: str, number: int, barrier: Any, results: Any) -> None:
    try:
        barrier.wait()
        store = DecisionStore(url)
        acknowledged = store.book([decision(i, f"{number}-{i}.png", session=f"p{number}") for i in range(5)])
        results.put(f"p{number} {len(acknowledged[f'p{number}'])}")
    except BaseException:  # noqa: BLE001  # the parent shows it
        results.put(traceback.format_exc())


def loop(url: str) -> None:
    store = DecisionStore(url)
    voice = threading.Lock()

    def client(name: str) -> None:
        for start in range(0, 10**9, 2):
            acknowledged = store.book([decision(start + i, f"{start + i}.png", session=name) for i in range(2)])
            with voice:
                print(name, *acknowledged[name], flush=True)

    for i in range(4):
        threading.Thread(target=client, args=(f"c{i}",), daemon=True).start()
    signal.pause()


def fill(url: str, limit: str) -> None:
    store = DecisionStore(url)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        for seq in range(100_000):
            store.book([decision(seq, f"{seq}.png", note="n" * 500)])
            print("acknowledged", seq, flush=True)
    except StoreFailure as error:
        print("refused", error, flush=True)


def small_disk(folder: str) -> None:
    """To be run where mounts are private."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)
    ballast = Path(folder) / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    with DecisionStore(Path(folder) / "review.sqlite") as store:
        taken = 0
        for seq in range(100_000):
            try:
                store.book([decision(seq, f"{seq}.png", note="n" * 500)])
            except StoreFailure as error:
                print("refused", error, flush=True)
                if not ballast.exists():
                    break
                ballast.unlink()
                continue
            print("acknowledged", seq, flush=True)
            taken += not ballast.exists()
            if taken == 50:
                break
    with DecisionStore(Path(folder) / "review.sqlite") as again:
        print("stored", again.booked_seqs("session-1"))


if __name__ == "__main__":
    {"eight": eight, "loop": loop, "fill": fill, "small_disk": small_disk}[sys.argv[1]](*sys.argv[2:])
