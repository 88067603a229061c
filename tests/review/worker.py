"""Child processes of the tests: run as `python worker.py TASK URL …`, never imported by the program.

eight: open the same new database in eight processes at one moment and book. loop: four threads book until killed, and
print what was acknowledged. fill: book under a limit on file size until the store refuses, and print its words.
small_disk: book on a disk of 4 MiB until it is full, make room, and book on.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.base.errors import StoreFailure
from analysis.review.decisions import DecisionStore
from tests.review.helpers import at_one_moment, decision


def eight(*urls: str) -> None:
    for url in urls:
        at_one_moment(_open_and_book, [(url, number) for number in range(8)])


def _open_and_book(url: str, number: int, barrier: Any) -> str:
    barrier.wait()
    store = DecisionStore(url)
    acknowledged = store.book([decision(i, f"{number}-{i}.png", session=f"p{number}") for i in range(5)])
    return f"p{number} {len(acknowledged[f'p{number}'])}"


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
