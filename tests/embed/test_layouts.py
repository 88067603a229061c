"""The ways to lay images out: groups stay together, the same seed gives the same map, what is missing is said early."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from analysis.base import maps
from analysis.base.config import MapSettings
from analysis.base.errors import BadInput, Cancelled, NotAvailable
from analysis.base.maps import METHODS
from analysis.base.progress import Silent
from analysis.base.types import Layout2D
from analysis.embed.layouts import both_layouts, check_available, lay_out
from analysis.embed.neighbours import nearest
from analysis.embed.project import pca_layout
from tests.embed.test_project import groups


def laid_out(X: np.ndarray, method: str, **settings: float) -> Layout2D:
    return lay_out(X, nearest(X, 15), MapSettings(method=method, **settings))


@pytest.fixture(params=["pacmap", "tsne"])
def optional(request: pytest.FixtureRequest) -> str:
    package = METHODS[request.param].package
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -e '.[maps]'")
    return request.param


def test_an_optional_layout_keeps_groups_together_and_repeats(optional: str):
    X, of = groups(200, d=80)
    one = laid_out(X, optional)
    assert one.method == optional and one.xy.dtype == np.float32 and one.xy.shape == (200, 2)
    distance = np.linalg.norm(one.xy[:, None] - one.xy[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (of[distance.argmin(axis=1)] == of).mean() > 0.95
    np.testing.assert_array_equal(laid_out(X, optional).xy, one.xy)


@pytest.mark.parametrize("method", [name for name in METHODS if not METHODS[name].missing])
def test_odd_features_become_pca_and_it_is_said(method: str):
    few = laid_out(groups(7)[0], method)
    same = laid_out(np.ones((40, 5), np.float32), method)
    assert few.method == same.method == "pca"
    if method != "pca":
        assert "too few" in few.parameters["why"] and "same features" in same.parameters["why"]


def test_a_method_that_is_not_installed_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(maps, "find_spec", lambda name: None)
    with pytest.raises(NotAvailable, match="PaCMAP is not available: the package pacmap is not installed"):
        check_available("pacmap")
    check_available("umap")
    check_available("pca")


def test_every_method_of_the_settings_is_known():
    allowed = MapSettings.model_json_schema()["properties"]["method"]["enum"]
    assert list(METHODS) == allowed


def test_a_map_comes_with_the_principal_components_beside_it():
    X = groups(60)[0]
    made = both_layouts(X, nearest(X, 15), MapSettings(), progress=Silent())
    assert made["map"]["method"] == "umap" and made["xy"].shape == (60, 2)
    np.testing.assert_array_equal(made["xy_pca"], pca_layout(X).xy)
    by_pca = both_layouts(X, nearest(X, 15), MapSettings(method="pca"), progress=Silent())
    np.testing.assert_array_equal(by_pca["xy"], made["xy_pca"])
    assert by_pca["map"]["method"] == "pca"


def test_neighbours_of_other_images_are_refused():
    X = groups(40)[0]
    with pytest.raises(BadInput, match="40 features and neighbours of 20"):
        lay_out(X, nearest(X[:20], 5), MapSettings(method="pca"))


def test_tsne_can_be_cancelled():
    pytest.importorskip("openTSNE", reason="openTSNE is not installed: pip install -e '.[maps]'")

    class Impatient(Silent):
        def advance(self, n: int = 1) -> None:
            raise Cancelled("stop")

    X = groups(100)[0]
    with pytest.raises(Cancelled):
        lay_out(X, nearest(X, 15), MapSettings(method="tsne"), progress=Impatient())
