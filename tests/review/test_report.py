from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analysis.base.types import Decision
from analysis.data.images import ImageStore
from analysis.review.decisions import DecisionStore
from analysis.review.gather import images_where
from analysis.review.named import NamedQueues
from analysis.review.opening import open_store
from analysis.review.report import report
from analysis.review.report_figures import figures_of
from analysis.runs.workspace import Workspace
from tests.factory import HOSTILE, make_workspace

NAMES = [HOSTILE, "</td><script>alert(1)</script>", '"><img src=http://evil.example/x onerror=alert(1)>', "a\u202eb"]


ALLOWED = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "div", "b", "span"} | {
    *("table", "thead", "tbody", "tr", "th", "td", "img")
}


class Seen(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "w", n=80, classes=4, names=NAMES)


@pytest.fixture
def store(made: Workspace) -> Iterator[DecisionStore]:
    with open_store(made) as opened:
        yield opened


def page_of(made: Workspace, store: DecisionStore) -> str:
    run, data = made.latest(), made.dataset()
    assert run is not None
    return report(made, store, run, images=ImageStore(data.pixels, data.table))


def book(made: Workspace, store: DecisionStore, row: int, verdict: Any, reviewer: str = "Ada") -> None:
    data = made.dataset()
    given = data.classes[data.given[row]]
    new = data.classes[(data.given[row] + 1) % 4] if verdict == "relabel" else None
    image, seq = str(data.table["image_id"].iat[row]), store.count() + 1
    facts = {"reviewer": reviewer, "run_id": "r", "session": f"session-{reviewer}", "seq": seq, "decided_at": 1e9}
    store.book([Decision(image, verdict, given, new or "", new, **facts)])


def test_nothing_is_asked_of_a_network_and_no_name_comes_alive(made: Workspace, store: DecisionStore) -> None:
    book(made, store, 3, "relabel", reviewer="<b onclick=alert(1)>Eve")
    page = page_of(made, store)
    seen = Seen(page)
    assert {tag for tag, _ in seen.tags} <= ALLOWED
    sources = [attributes["src"] or "" for tag, attributes in seen.tags if tag == "img"]
    assert sources and all(source.startswith("data:image/webp;base64,") for source in sources)
    assert all(set(attributes) <= {"alt", "src"} for tag, attributes in seen.tags if tag == "img")
    assert "default-src 'none'" in page and not re.search(r"url\(|@import", page)
    assert "<script>alert(1)</script>" in seen.words, "the name stands there as text"
    assert "\u202e" not in page


def test_it_says_when_nobody_has_judged_yet(made: Workspace, store: DecisionStore) -> None:
    words = Seen(page_of(made, store)).words
    assert "Nobody has judged an image yet." in words and "None so far." in words
    accuracy = made.latest().json("summary")["accuracy"]["value"]  # type: ignore[union-attr]
    assert f"{accuracy * 100:.1f} %" in words and "95 % interval" in words


def test_decisions_agreement_and_changes_are_told(made: Workspace, store: DecisionStore) -> None:
    for row in range(6):
        book(made, store, row, "relabel" if row < 2 else "keep")
        book(made, store, row, "relabel" if row < 3 else "keep", reviewer="Bob")
    words = Seen(page_of(made, store)).words
    assert "6 images were judged by 2 people; the given label was wrong in " in words
    assert "On 6 images judged by several people they agree in 83.3 %" in words
    assert str(made.dataset().table["path"].iat[0]) in words, "a change names its image"


def test_a_new_label_that_is_the_given_one_counts_as_right_and_images_of_other_data_sets_not_at_all(
    made: Workspace, store: DecisionStore
) -> None:
    data, who = made.dataset(), {"reviewer": "Eve", "run_id": "r", "session": "session-of-eve", "decided_at": 1e9}
    image, given = str(data.table["image_id"].iat[0]), data.classes[data.given[0]]
    store.book([Decision(image, "relabel", given, "", given, seq=1, **who)])  # type: ignore[arg-type]
    store.book([Decision("elsewhere.png", "none_fits", "a", "", None, **{**who, "reviewer": "Bob"}, seq=2)])  # type: ignore[arg-type]
    words = Seen(page_of(made, store)).words
    assert "1 image was judged by 1 person; the given label was wrong in 0 of them" in words


def test_a_random_audit_stands_before_the_estimate(made: Workspace, store: DecisionStore) -> None:
    rule = {"m": 80, "seed": 1, "as_of": 0, "population": "all"}
    NamedQueues(store).add("audit", "All of it", rule, "Ada")
    assert "Wrong labels, measured" not in page_of(made, store), "nothing of it is judged yet"
    for row in range(80):
        book(made, store, row, "relabel" if row < 8 else "keep")
    words = Seen(page_of(made, store)).words
    assert "Wrong labels, measured10.0 %" in words
    assert words.find("measured") < (words.find("estimated") if "estimated" in words else len(words))
    assert "Random audit: " in words


def test_a_part_of_the_images_has_figures_of_its_own(made: Workspace, store: DecisionStore) -> None:
    run, data = made.latest(), made.dataset()
    assert run is not None
    NamedQueues(store).add("audit", "All of it", {"m": 80, "seed": 1, "as_of": 0, "population": "all"}, "Ada")
    for row in range(80):
        book(made, store, row, "relabel")
    condition = 'image_id < "train/00020" and suspicion >= 0'
    only = images_where(made, store, condition)
    assert only.keep.sum() == 20
    words = Seen(report(made, store, run, images=ImageStore(data.pixels, data.table), only=only)).words
    assert f"Every figure below is of the 20 images for which {condition}" in words
    scores = run.table("scores", ["predicted", "is_suspect"])[:20]
    right = (scores["predicted"].to_numpy() == data.given[:20]).mean()
    n = scores["is_suspect"].sum()
    assert f"Predicted as labelled{right:.1%}".replace("%", " %") in words
    assert f"Suspected wrong labels{n}{n / 20:.1%} of these".replace("%", " %") in words
    assert "20 images were judged by 1 person" in words and "20 in all." in words
    assert "measured" not in words and "estimated)" not in words, "an audit speaks of all images"
    whole = Seen(page_of(made, store)).words
    assert "80 images were judged" in whole and "for which" not in whole and "measured" in whole


def test_the_figures_are_those_of_the_run_where_all_images_are_asked_for(made: Workspace, store: DecisionStore) -> None:
    run = made.latest()
    assert run is not None
    scores, classes = run.table("scores"), run.table("classes")
    found = figures_of(scores, made.dataset().given, classes["community"])
    confusion, communities = run.table("confusion"), run.table("communities")
    off = confusion[(confusion["given"] != confusion["predicted"]) & (confusion["count"] > 0)]
    assert sorted(found.worst_pairs(99)) == sorted(off[["given", "predicted", "count"]].itertuples(index=False))
    told = {c: (errors, images) for c, _, errors, images in found.worst_communities(99)}
    wanted = communities[communities["n_errors"] > 0].set_index("community")[["n_errors", "n_images"]]
    assert told == {c: tuple(row) for c, row in wanted.iterrows()}
    assert found.accuracy[0] == pytest.approx(run.json("summary")["accuracy"]["value"])
