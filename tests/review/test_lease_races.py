"""However reviewers ask, judge, leave and come back: as long as leases are kept, no image is judged too often."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from analysis.base.types import Decision
from analysis.review.decisions import DecisionStore
from analysis.review.leases import LEASE_SECONDS, Leases
from tests.review.helpers import decision, undo

WORKER = Path(__file__).with_name("lease_worker.py")
IDS = [f"{n}.png" for n in range(15)]


def in_processes(task: str, url: str, *, people: int, opinions: int) -> list[list[str]]:
    command = [sys.executable, str(WORKER), task, url, str(people), str(opinions)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout + done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("opinions", [1, 2])
def test_processes_that_ask_at_one_moment_get_each_image_as_often_as_wanted(url: str, opinions: int) -> None:
    DecisionStore(url).close()  # the tables are there
    said = in_processes("grab", url, people=6, opinions=opinions)
    assert len(said) == 6
    granted = Counter(image for _, *images in said for image in images)
    assert granted == {f"{n}.png": opinions for n in range(40)}


@pytest.mark.parametrize("opinions", [1, 2])
def test_processes_judge_a_queue_together_and_leave_nothing(url: str, opinions: int) -> None:
    said = in_processes("share", url, people=4, opinions=opinions)
    with DecisionStore(url) as store:
        log = store.log()
    assert sum(int(count) for _, count in said) == len(log) == 40 * opinions
    assert log.groupby("image_id")["reviewer"].nunique().eq(opinions).all()
    assert log["image_id"].nunique() == 40


@dataclass
class Tab:
    """One tab as the deck runs it: it judges only what it holds, and knows until when."""

    session: str
    reviewer: str
    until: dict[str, float] = field(default_factory=dict)
    sent: list[Decision] = field(default_factory=list)

    @property
    def who(self) -> dict[str, str]:
        return {"session": self.session, "reviewer": self.reviewer}


@dataclass
class Office:
    """Reviewers, one of them in two tabs, who do whatever people do, by chance."""

    store: DecisionStore
    random: Random
    opinions: int
    now: float = 1_760_000_000.0
    leases: Leases = field(init=False)
    tabs: list[Tab] = field(init=False)

    def __post_init__(self) -> None:
        self.leases = Leases(self.store, now=lambda: self.now)
        self.tabs = [Tab(f"tab-{i}", name) for i, name in enumerate(["ada", "ada", "bob", "cyd", "dan"])]

    def step(self) -> None:
        often = {self.ask: 4, self.judge: 6, self.undo: 2, self.replay: 1, self.release: 1, self.wait: 1}
        act = self.random.choice([act for act, times in often.items() for _ in range(times)])
        act(self.random.choice(self.tabs))

    def ask(self, tab: Tab) -> None:
        seconds = self.random.choice([5.0, LEASE_SECONDS])
        asked = self.random.sample(IDS, k=self.random.randint(1, 6))
        answer = self.leases.ask(asked, queue="q", opinions=self.opinions, seconds=seconds, **tab.who)
        assert sorted([*answer.granted, *answer.taken, *answer.done]) == sorted(asked)
        for image in asked:
            tab.until.pop(image, None)
        tab.until |= dict.fromkeys(answer.granted, self.now + seconds)

    def judge(self, tab: Tab) -> None:
        holds = [image for image, until in tab.until.items() if until > self.now]
        said = []
        for image in self.random.sample(holds, k=min(len(holds), self.random.randint(1, 3))):
            verdict = self.random.choice(["keep", "relabel", "none_fits", "unsure", "skip", "exclude"])
            said.append(decision(len(tab.sent) + len(said), image, verdict, **tab.who))
            if verdict != "exclude":
                del tab.until[image]
        tab.sent += said
        self.store.book(said)

    def undo(self, tab: Tab) -> None:
        said = [sent for sent in tab.sent if sent.verdict != "undo"]
        if said:
            last = self.random.choice(said)
            tab.sent.append(undo(len(tab.sent), last.seq, last.image_id, **tab.who))
            self.store.book(tab.sent[-1:])

    def replay(self, tab: Tab) -> None:
        self.store.book(tab.sent[-self.random.randint(1, 5) :])

    def release(self, tab: Tab) -> None:
        some = self.random.choice([None, self.random.sample(IDS, k=3)])
        self.leases.release(tab.session, some)
        for image in some or IDS:
            tab.until.pop(image, None)

    def wait(self, _tab: Tab) -> None:
        self.now += self.random.choice([0.5, 4.0, 30.0])

    def check(self) -> None:
        current = self.store.current()
        judged = current[current["verdict"] != "skip"].groupby("image_id")["reviewer"].agg(set).to_dict()
        for image in IDS:
            holding = [tab.reviewer for tab in self.tabs if tab.until.get(image, 0) > self.now]
            people = judged.get(image, set())
            assert len(people) <= self.opinions, f"{image} was judged by {people}"
            assert len(holding) == len(set(holding)), f"{image} is in two tabs of one person: {holding}"
            assert len(people | set(holding)) <= self.opinions, f"{image}: {people} judged, {holding} hold it"


@pytest.mark.parametrize("opinions", [1, 2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_no_image_is_judged_by_more_people_than_wanted(store: DecisionStore, seed: int, opinions: int) -> None:
    office = Office(store, Random(seed * 10 + opinions), opinions)  # noqa: S311  # no secret
    for _ in range(200):
        office.step()
        office.check()
    said = store.log()["verdict"].value_counts()
    assert (said[["keep", "relabel", "unsure", "skip", "undo"]] > 1).all(), "it tried too little"
