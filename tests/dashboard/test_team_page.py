"""The Team page: alone it says how a team works; with others who, how much, how far they agree, and where not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.base.errors import StoreFailure
from analysis.base.types import Decision
from analysis.review.edges import EdgeDecision, Edges
from analysis.review.importing import ImportReport, import_file
from analysis.review.leases import Leases
from analysis.runs.workspace import Workspace
from dashboard.server import opened
from dashboard.server.opened import Opened
from dashboard.widgets import bring_in
from dashboard.widgets.queue_choice import ASKED
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
EVE = "<img src=x onerror=alert(1)> ![x](http://evil.example/a.png)"


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=200, classes=4, names=[HOSTILE, "b", "c", "d"])
    opens(made.path)
    return made


def page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.session_state["review.name"] = "Ada"
    app.run()
    return fine(app.switch_page("dashboard/pages/team.py").run())


def found_in(made: Workspace) -> Opened:
    return opened.open_workspace(made.path)


def judge(made: Workspace, reviewer: str, verdicts: str, purpose: Any = "", start: int = 1, first: int = 0) -> None:
    """From image `first` on: k keep, o the other class, n none fits, u unsure."""
    found, said = found_in(made), []
    words: dict[str, Any] = {"k": "keep", "o": "relabel", "n": "none_fits", "u": "unsure"}
    for i, letter in enumerate(verdicts):
        row = first + i
        given = found.dataset.classes[int(found.dataset.given[row])]
        other = next(name for name in found.dataset.classes if name != given)
        at = 1_760_000_000.0 + i
        said.append(
            Decision(
                image_id=str(found.dataset.table["image_id"].iloc[row]),
                verdict=words[letter],
                given=given,
                suggested=other,
                new_label=other if letter == "o" else None,
                reviewer=reviewer,
                run_id="r",
                session=f"session-{reviewer[:20]}",
                seq=start + i,
                decided_at=at,
                shown_at=at - 2,
                mode="single",
                purpose=purpose,
            )
        )
    found.decisions.book(said)


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.subheader, *app.info]
    return "\n".join([str(part.value) for part in parts] + [str(e.proto.body) for e in app.get("html")])


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if column in frame.value)


def test_alone_the_page_says_how_a_team_works_and_shows_no_empty_table(workspace: Workspace) -> None:
    app = page()
    said = texts(app)
    assert "Nobody has judged anything" in said and "LOOKALIKE_DATABASE_URL" in said
    assert not app.dataframe and not app.metric
    judge(workspace, "Ada", "kkko")
    app = page()
    assert "Only **Ada** has judged here so far" in texts(app)
    assert list(table(app, "Decisions")["Decisions"]) == [4]
    assert "How far do they agree" not in texts(app) and "Where do they disagree" not in texts(app)


def test_two_people_see_how_far_they_agree(workspace: Workspace) -> None:
    judge(workspace, "Ada", "kkkkoooo")
    judge(workspace, "Bob", "kkkoooon")
    app = page()
    given = found_in(workspace).dataset.given[:8]
    other = [1 if k == 0 else 0 for k in given]
    labels = [*given[:4], *other[4:], *given[:3], *other[3:7], -1]  # -1: none fits
    by_chance = sum((count / 16) ** 2 for count in Counter(labels).values())
    kappa = f"{(0.75 - by_chance) / (1 - by_chance):.2f}"
    assert [metric.value for metric in app.metric] == ["8 images", "75 %", kappa]
    assert "Fleiss" in texts(app) and "95 % interval 40.9 to 92.9 %" in texts(app)
    pairs = table(app, "Another")
    assert list(pairs["Images"]) == [8] and list(pairs["Same"]) == [75.0]
    assert set(table(app, "Community")["Community"]) <= {"community 1", "community 2"}
    assert table(app, "Median time")["Median time"].tolist() == [2.0, 2.0]
    app.get("button_group")[0].set_value("verdict").run()
    assert fine(app).metric[1].value == "88 %", "other and none both say that the label is wrong"


def test_tiny_numbers_get_no_interval_and_no_nan(workspace: Workspace) -> None:
    judge(workspace, "Ada", "kk")
    judge(workspace, "Bob", "kk")
    app = page()
    app.get("button_group")[0].set_value("verdict").run()
    assert [metric.value for metric in fine(app).metric] == ["2 images", "100 %", "–"]
    assert "No interval: too few images" in texts(app) and "nan" not in texts(app).lower()
    cells = [str(cell) for frame in app.dataframe for cell in frame.value.to_numpy(object).ravel()]
    assert any("too few images" in cell for cell in cells) and not any("nan" in cell.lower() for cell in cells)


def test_people_who_judged_nothing_in_common_are_told_how_to(workspace: Workspace) -> None:
    judge(workspace, "Ada", "kk")
    judge(workspace, "Bob", "kk", first=50)
    assert "No image was judged by two people yet" in texts(page())


def test_disagreements_are_shown_and_lead_to_their_queue(workspace: Workspace) -> None:
    judge(workspace, "Ada", "kko")
    judge(workspace, "Bob", "kok")
    app = page()
    cards = next(body for body in (str(e.proto.body) for e in app.get("html")) if "la-grid" in body)
    assert cards.count("<img ") == 2 and "keep the given label" in cards and "change to" in cards
    button = app.button(key="team.settle")
    assert button.label == "Settle the 2 disagreements"
    asked: list[Any] = []
    import dashboard.widgets.team_disagreements as widget

    original = widget.st.switch_page
    widget.st.switch_page = lambda where: asked.append((where, st.session_state[ASKED]))
    try:
        button.click().run()
    finally:
        widget.st.switch_page = original
    assert asked == [("dashboard/pages/review.py", "disagreements")]
    judge(workspace, "Cem", "k", purpose="adjudicate", first=1)
    judge(workspace, "Cem", "k", purpose="adjudicate", first=2, start=9)
    assert "every image that several people judged has one answer, or was settled" in texts(page())


def test_known_answers_are_shown_with_intervals_and_without_a_ranking(workspace: Workspace) -> None:
    assert "Not measured yet" not in texts(page())
    judge(workspace, "Zoe", "k")
    assert "Not measured yet" in texts(page())
    true = found_in(workspace).dataset.table["true"].to_numpy() == found_in(workspace).dataset.given
    right = "".join("k" if same else "o" for same in true[10:32])
    judge(workspace, "Zoe", right, purpose="known", first=10, start=50)
    judge(workspace, "Ada", "n" * 3, purpose="known", first=10, start=50)
    shown = table(page(), "Known answers")
    assert list(shown["Reviewer"]) == ["Ada", "Zoe"] and list(shown["Known answers"]) == [3, 22]
    assert "under 20 items" in shown["Right (95 % interval)"][0]
    assert "under 20" not in shown["Right (95 % interval)"][1]
    assert shown["Same as before (95 % interval)"].isna().all()


def test_who_is_judging_right_now_is_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_in(workspace)
    ids = found.dataset.table["image_id"].tolist()
    for n, queue in enumerate(("pair:1>0", "community:2", "something new")):
        found.leases.ask(ids[n : n + 1], session=f"s{n}", reviewer=f"{EVE}{n}", queue=queue)
    line = next(text.value for text in page().markdown if "Judging right now" in text.value)
    assert "community 3" in line and "another queue" in line and "b → " in line
    assert "![x](" not in line

    def fails(*_: object) -> None:
        raise StoreFailure("The database is away")

    monkeypatch.setattr(Leases, "holders", fails)
    assert "is not known: The database is away" in texts(page())


def test_verdicts_on_pairs_are_listed(workspace: Workspace) -> None:
    edges = Edges(found_in(workspace).decisions)
    edges.book([EdgeDecision("b", HOSTILE, "same", EVE, EVE, "session", 1, 1.7e9)])
    app = page()
    shown = table(app, "Verdict")
    assert list(shown["Verdict"]) == ["They are the same thing"] and list(shown["When"]) == ["2023-11-14"]


def test_hostile_names_stay_text(workspace: Workspace) -> None:
    judge(workspace, EVE, "kkonu")
    assert "![x](" not in texts(page())
    judge(workspace, "Bob", "kokku")
    said = texts(page())
    assert "<img src=x" not in said and "![x](" not in said.replace("\\", "\0")


def bring(app: AppTest, name: str, content: str, *, who: str = "") -> AppTest:
    app.text_input(key="team.import.who").set_value(who)
    app.file_uploader(key="team.import.file").set_value((name, content.encode(), "text/csv"))
    return fine(app.run())


def test_decisions_are_brought_in_from_a_file_after_a_look_and_only_once(workspace: Workspace) -> None:
    ids = workspace.dataset().table["image_id"].tolist()
    given = [workspace.dataset().classes[k] for k in workspace.dataset().given]
    rows = [f"{image},{'c' if label != 'c' else 'd'}" for image, label in zip(ids[:5], given, strict=False)]
    content = "\n".join(["image_id,label", *rows, "gone.png,b"])
    store = opened.open_workspace(workspace.path).decisions
    app = bring(page(), "../../labels.csv", content, who="Bob")
    assert store.count() == 0, "nothing is booked before somebody has seen what would be"
    assert "5 decisions would be booked" in " ".join(one.value for one in app.markdown).replace("\\", "")
    fine(app.button(key="team.import.book").click().run())
    assert store.count() == 5 and set(store.log()["reviewer"]) == {"Bob"}
    app = bring(page(), "again.csv", content, who="Bob")
    assert app.button(key="team.import.book").disabled
    assert store.count() == 5


def test_a_file_is_looked_at_again_only_when_something_changed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def counted(*found: Any, **how: Any) -> ImportReport:
        looked.append(how["reviewer"])
        return import_file(*found, **how)

    monkeypatch.setattr(bring_in, "import_file", counted)
    image = workspace.dataset().table["image_id"].iat[0]
    app = bring(page(), "some.csv", f"image_id,label,verdict\n{image},,unsure", who="Bob")
    fine(app.run())
    assert looked == ["Bob"]
    app.text_input(key="team.import.who").set_value("Eve")
    fine(app.run())
    judge(workspace, "Ada", "k")
    fine(app.run())
    assert looked == ["Bob", "Eve", "Eve"]


def test_a_file_that_is_none_of_decisions_is_a_clear_error(workspace: Workspace) -> None:
    app = bring(page(), "notes.txt", "hello")
    assert "looks like no file of decisions" in app.error[0].value
    assert "looks like no file of decisions" in app.run().error[0].value
