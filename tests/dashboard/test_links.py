"""What of a link was not understood is said in one line, until the visitor goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from streamlit.testing.v1 import AppTest

from dashboard import loaders_communities, state
from dashboard.links import OPTIONS, dropped, unread
from dashboard.selection import Filter, to_params
from dashboard.widgets.text import for_markdown
from tests.dashboard.conftest import Opens, fine
from tests.dashboard.test_selection import filters
from tests.factory import make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "dashboard" / "pages").glob("*.py"))


def app_at(page: str, link: Mapping[str, str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
    app = fine(app.switch_page(f"dashboard/pages/{page}.py"))
    for name, value in link.items():
        app.query_params[name] = value
    return fine(app.run())


def warnings(app: AppTest) -> list[str]:
    return [warning.value for warning in app.warning if "Left out of this link" in warning.value]


@given(filters)
@settings(max_examples=60, deadline=None)
def test_a_link_that_we_wrote_is_understood(chosen: Filter) -> None:
    assert unread({**to_params(chosen), "colour": "given", "near": "12", "embed": "true"}) == []


@pytest.mark.parametrize(
    "link", ["given=x", "lasso=1~2", "lasso_on=pca", "only=all", "decision=no", "suspicion=2~3", "gven=3", "images=1_x"]
)
def test_what_means_nothing_is_named(link: str) -> None:
    name, value = link.split("=")
    assert unread({name: value, "predicted": "1"}) == [link]
    assert unread({"given": "x" * 99})[0].endswith("…")


def test_what_a_run_cannot_answer_is_named_as_the_link_has_it() -> None:
    assert dropped(Filter(given=9, class_id=1), Filter(class_id=1)) == ["given=9"]
    assert dropped(Filter(given=9), Filter(given=9)) == []


def test_it_is_said_above_the_page_and_goes_with_the_next_step(opens: Opens, tmp_path: Path) -> None:
    opens(make_workspace(tmp_path / "w", n=40, classes=4).path)
    link = {"given": "99", "only": "mistakes", "gven": "1", "predicted": "2", "colour": "<b>red"}
    app = app_at("map", link)
    (said,) = warnings(app)
    for part in ("only\\=mistakes", "gven\\=1", "given\\=99", "colour\\=\\<b\\>red"):
        assert part in said
    assert "predicted" not in said and app.session_state[state.FILTER] == Filter(predicted=2)
    assert "gven" not in app.query_params
    fine(app.button(key="chip.predicted").click().run())
    assert not warnings(app)


@pytest.mark.parametrize(
    ("page", "link", "left"),
    [
        ("communities", {"resolution": "x1"}, {}),
        ("communities", {"part": "two"}, {}),
        ("communities", {"part": "7"}, {}),
        ("communities", {"beside": "20000101-000000_gone"}, {}),
        ("confusion", {"beside": "20000101-000000_gone"}, {}),
        ("confusion", {"open": "blue_²"}, {}),
        ("confusion", {"open": "0_99"}, {"open": "0"}),
        ("map", {"near": "train/none"}, {}),
    ],
)
def test_a_choice_that_a_page_cannot_follow_is_said_and_leaves_the_link(
    opens: Opens, tmp_path: Path, page: str, link: dict[str, str], left: dict[str, str]
) -> None:
    opens(make_workspace(tmp_path / "w", n=40, classes=4).path)
    app = app_at(page, link)
    ((name, value),) = link.items()
    (said,) = warnings(app)
    assert f"{name}\\={for_markdown(value)}" in said
    assert {name: value for name, value in app.query_params.items() if name in link} == left
    app.query_params["given"] = "1"
    assert not warnings(fine(app.run()))


def test_a_resolution_is_said_to_mean_nothing_in_a_run_that_knows_no_other(
    opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens(make_workspace(tmp_path / "w", n=40, classes=4).path)
    monkeypatch.setattr(loaders_communities, "levels", lambda path, run_id: None)
    assert "resolution" in warnings(app_at("communities", {"resolution": "2"}))[0]


def test_a_choice_that_a_page_can_follow_is_not_said(opens: Opens, tmp_path: Path) -> None:
    opens(make_workspace(tmp_path / "w", n=40, classes=4).path)
    for page, link in (("confusion", {"open": "none"}), ("confusion", {"open": "0_1"}), ("map", {"near": "3"})):
        app = app_at(page, link)
        assert not warnings(app) and link.items() <= dict(app.query_params).items()


def test_every_choice_of_a_page_is_known_to_links(
    opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens(make_workspace(tmp_path / "w", n=40, classes=4).path)
    asked: set[str] = set()
    options = state._options
    monkeypatch.setattr(state, "_options", lambda: Spy(options(), asked))
    for page in PAGES:
        app_at(page, {})
    assert asked and asked <= OPTIONS, "a link with these would be said to mean nothing"


class Spy(dict[str, str]):
    """Notes which names are asked for; writes go to the real options."""

    def __init__(self, real: dict[str, str], asked: set[str]) -> None:
        super().__init__(real)
        self.real, self.asked = real, asked

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(name)
        return self.real.get(name, default)

    def __setitem__(self, name: str, value: str) -> None:
        self.asked.add(name)
        self.real[name] = value
