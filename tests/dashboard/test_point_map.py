from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from starlette.testclient import TestClient

from dashboard import jump, loaders, loaders_map
from dashboard.charts import scatter
from dashboard.charts.palette import LIGHT
from dashboard.charts.scatter import Colouring, legend_of
from dashboard.components.point_map.point_map import Arrays, Scene, data_of, read_outline, read_row
from dashboard.server import opened
from dashboard.server.opened import Opened
from tests.factory import HOSTILE, make_workspace


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    st.cache_resource.clear()
    yield str(make_workspace(tmp_path / "w", n=400, classes=6, names=[HOSTILE, *"bcdef"]).path)
    opened.close_all()
    st.cache_resource.clear()


def run_of(path: str) -> str:
    run = loaders.latest_run(path)
    assert run is not None
    return run.run_id


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"corners": "x"},
        {"corners": [[0, 0], [1, 1]]},
        {"corners": [[0, 0], [1], [2, 2]]},
        {"corners": [[0, 0], [1, "1"], [2, 0]]},
        {"corners": [[0, 0], [1, float("nan")], [2, 0]]},
    ],
)
def test_an_outline_that_makes_no_sense_is_none(sent: Any) -> None:
    assert read_outline(sent) == ()


def test_an_outline_of_many_corners_is_kept_short() -> None:
    angles = np.linspace(0, 6, 500)
    found = read_outline({"corners": np.c_[np.cos(angles), np.sin(angles)].tolist()})
    assert len(found) == 60
    assert read_outline({"corners": [[0, 0], [1, 0], [1, 1]]}) == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("row", "found"), [(3, 3), (0, 0), (10, None), (-1, None), (True, None), ("3", None), (2.0, None)]
)
def test_a_picked_row_is_one_of_the_data_set(row: Any, found: int | None) -> None:
    assert read_row({"row": row}, 10) == found


def test_component_data_hold_addresses_and_no_points(path: str, client: TestClient) -> None:
    run = run_of(path)
    drawn, colour = loaders_map.drawn(path, run), loaders_map.coloured(path, run, "given")
    arrays = Arrays(
        loaders_map.places(path, run, "xy"), drawn.given, drawn.predicted, drawn.suspicion, colour.packet, drawn.rows
    )
    scene = Scene(arrays, legend_of(colour.whole, LIGHT), LIGHT, 400, "map")
    sent = data_of(opened.open_workspace(path), scene)
    assert len(json.dumps(sent)) < 4000 and sent["arrays"]["rows"] is None
    answer = client.get(sent["arrays"]["xy"]["url"])
    assert np.array_equal(np.frombuffer(answer.content, "<f4").reshape(-1, 2), loaders.run_columns(path, run).xy)
    given = np.frombuffer(client.get(sent["arrays"]["given"]["url"]).content, "u1")
    assert np.array_equal(given, loaders.run_columns(path, run).given)


def test_of_too_many_images_a_sample_travels_with_its_rows(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(path)
    monkeypatch.setattr(scatter.sample_points, "__kwdefaults__", {"at_most": 100, "what": "suspects"})
    drawn = loaders_map.drawn(path, run)
    assert drawn.rows is not None and len(drawn.sample.rows) == 100 and "100 of 400" in drawn.sample.sentence
    assert np.array_equal(np.frombuffer(drawn.rows.data, "<u4"), drawn.sample.rows)
    places = np.frombuffer(loaders_map.places(path, run, "xy").data, "<f4").reshape(-1, 2)
    assert np.array_equal(places, np.asarray(loaders.run_columns(path, run).xy)[drawn.sample.rows])
    colours = np.frombuffer(loaders_map.coloured(path, run, "suspicion").packet.data, "u1")
    suspicion = loaders.run_columns(path, run).suspicion[drawn.sample.rows]
    assert np.abs(colours / 255 - suspicion).max() < 0.003


def test_decisions_colour_the_map_as_soon_as_they_are_booked(path: str) -> None:
    from tests.review.helpers import decision

    run, found = run_of(path), opened.open_workspace(path)
    assert not np.asarray(loaders_map.coloured(path, run, "decision").whole.category).any()
    image = found.dataset.table["image_id"].iloc[7]
    found.decisions.book([decision(1, image_id=image, verdict="keep")])
    whole: Colouring = loaders_map.coloured(path, run, "decision").whole
    category = np.asarray(whole.category)
    assert np.flatnonzero(category).tolist() == [7] and whole.names[category[7]] == "kept"


def test_a_link_names_an_image_by_row_or_id(path: str) -> None:
    found: Opened = opened.open_workspace(path)
    assert jump.row_named(found, "399") == 399
    assert jump.row_named(found, "train/00012") == 12
    for wrong in ("400", "-1", "007", "²", "nothing", ""):
        assert jump.row_named(found, wrong) is None


def test_columns_that_say_something_can_be_coloured_by(path: str) -> None:
    assert loaders_map.columns_to_colour(path) == ["true"]
    whole = loaders_map.coloured(path, run_of(path), "column:true").whole
    assert whole.category is not None and len(set(whole.category.tolist())) == 6
