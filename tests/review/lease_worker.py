"""Reviewers in processes of their own: run as `python lease_worker.py TASK URL …`, never imported by the program.

grab: everybody asks for the same images at one moment, and prints what they got. share: everybody asks for a few
images at a time and judges what is granted, until all are done for everybody.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.review.decisions import DecisionStore
from analysis.review.leases import Leases
from tests.review.helpers import decision

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


def _child(task: str, results: Any, *arguments: Any) -> None:
    try:
        results.put({"grab": grab, "share": share}[task](*arguments))
    except BaseException:  # noqa: BLE001  # the parent shows it
        results.put(traceback.format_exc())


def main(task: str, url: str, people: str, opinions: str) -> None:
    fork = multiprocessing.get_context("fork")  # the children start together, with everything imported
    barrier, results = fork.Barrier(int(people)), fork.Queue()
    facts = [(url, number, int(opinions), barrier) for number in range(int(people))]
    children = [fork.Process(target=_child, args=(task, results, *each)) for each in facts]
    for child in children:
        child.start()
    said = [results.get(timeout=120) for _ in children]
    for child in children:
        child.join()
    print("\n".join(sorted(said)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
