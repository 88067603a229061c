"""Reviewers in processes of their own: run as `python lease_worker.py TASK URL …`, never imported by the program.

grab: everybody asks for the same images at one moment, and prints what they got. share: everybody asks for a few
images at a time and judges what is granted, until all are done for everybody.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.review.decisions import DecisionStore
from analysis.review.leases import Leases
from tests.review.helpers import at_one_moment, decision

IDS = [f"{n}.png" for n in range(40)]


def grab(url: str, number: int, opinions: int, barrier: Any) -> str:
    leases = Leases(DecisionStore(url))
    ids = IDS[number:] + IDS[:number]
    barrier.wait()
    answer = leases.ask(ids, session=f"tab-{number}", reviewer=f"r{number}", queue="q", opinions=opinions)
    return f"r{number} {' '.join(answer.granted)}"


def share(url: str, number: int, opinions: int, barrier: Any) -> str:
    store, done, seq = DecisionStore(url), set[str](), 0
    leases, random = Leases(store), Random(number)  # noqa: S311  # no secret
    barrier.wait()
    while len(done) < len(IDS):
        ids = random.sample(sorted(set(IDS) - done), k=min(6, len(IDS) - len(done)))
        who = {"session": f"tab-{number}", "reviewer": f"r{number}"}
        answer = leases.ask(ids, queue="q", opinions=opinions, **who)
        done.update(answer.done)
        store.book([decision(seq + i, image, **who) for i, image in enumerate(answer.granted)])
        seq += len(answer.granted)
        time.sleep(0 if answer.granted else 0.02)
    return f"r{number} {seq}"


def main(task: str, url: str, people: str, opinions: str) -> None:
    facts = [(url, number, int(opinions)) for number in range(int(people))]
    at_one_moment({"grab": grab, "share": share}[task], facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
