"""The detection benchmark runs by its one command, measures truthfully and says what it could not do."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from analysis.evaluate.detection import auroc, average_precision, precision_at, recall_at_share

ROOT = Path(__file__).resolve().parents[2]


def module(name: str) -> ModuleType:
    """A file of the benchmark that imports no other file of it."""
    spec = importlib.util.spec_from_file_location(f"detection_{name}", ROOT / "benchmarks" / "detection" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def run(*arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "detection" / "run.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_digits_are_measured_and_the_results_are_written(tmp_path: Path) -> None:
    rows = run("--only", "digits", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out"))
    found = {(row["noise"], row["method"]): row["AP"] for row in rows if "method" in row}
    noises = {noise for noise, _ in found}
    assert noises == {"uniform 8%", "pairs 8%", "confusion-shaped 8%", "by image 8%", "few classes 40%"}
    assert all(found[noise, "suspicion"] > found[noise, "plain disagreement"] + 0.1 for noise in noises)
    even = {"none planted", "uniform 8%", "pairs 8%", "confusion-shaped 8%"}  # all classes are hit alike
    assert all(found[noise, "suspicion"] >= found[noise, "rank_sum"] - 0.01 for noise in noises & even)
    many = {row["noise"]: row["how_many"] for row in rows if "how_many" in row}
    assert set(many) == {*noises, "none planted"}
    assert all(abs(one["estimate"] - one["planted"]) < 0.02 for noise, one in many.items() if noise in even)
    assert all(row["calibration"]["ECE"] < 0.03 for row in rows if "calibration" in row and row["noise"] in even)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"rows.jsonl", "table.md", "detection.svg"}


@pytest.mark.slow
def test_absent_data_are_named(tmp_path: Path) -> None:
    rows = run("--only", "crowd,fashion", "--data", str(tmp_path), "--cache", str(tmp_path / "cache"))
    assert rows == [
        {"data": "crowd", "skipped": f"there is no mnist.npz in {tmp_path / 'crowd'}"},
        {"data": "fashion", "skipped": f"there is no fashion_mnist.npz in {tmp_path / 'fashion_mnist'}"},
    ]


def test_the_figures_of_resamples_are_those_of_the_images_drawn_whatever_the_ties() -> None:
    measure = module("measure")
    rng = np.random.default_rng(0)
    wrong, order = rng.random(60) < 0.3, rng.integers(0, 9, 60) / 9
    n_wrong = int(wrong.sum())
    drawn = measure.Resamples(wrong, n=25, seed=3).figures(order)
    again = np.random.default_rng(3)
    rows = [row for start in (0, 20) for row in again.integers(0, 60, (min(20, 25 - start), 60))]
    expected = {
        "AP": [average_precision(wrong[row], order[row]) for row in rows],
        "AUROC": [auroc(wrong[row], order[row]) for row in rows],
        "P@n": [precision_at(wrong[row], order[row], n_wrong) for row in rows],
        "recall@3%": [recall_at_share(wrong[row], order[row], 0.03) for row in rows],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(drawn[name], values, atol=1e-12, err_msg=name)
    assert set(drawn) == set(measure.figures(wrong, order))


def test_identities_are_planted_among_people_with_enough_images_only() -> None:
    identities = module("identities")
    people = np.repeat(np.arange(12), [10] * 10 + [1] * 2)
    given, rows = identities.wrong_identities(people, least=5, others=True, seed=0)
    assert len(rows) == 102 and (given != people).sum() == 10
    assert (given[100:] == people[100:]).all() and given[:100].max() < 10
    given, rows = identities.wrong_identities(people, least=5, others=False, seed=0)
    assert len(rows) == len(given) == 100


def test_a_perfect_chance_has_no_calibration_error_and_a_bold_one_has() -> None:
    measure = module("measure")
    chance = np.repeat([0.0, 0.25, 0.75], [100, 40, 40])
    wrong = np.r_[np.zeros(100), np.arange(40) % 4 == 0, np.arange(40) % 4 != 0].astype(bool)
    told = measure.reliability(chance, wrong)
    assert told["ECE"] == 0 and told["ECE above .5"] == 0
    assert told["bins"] == [[0.0, 100, 0.0, 0.0], [0.2, 40, 0.25, 0.25], [0.7, 40, 0.75, 0.75]]
    bold = measure.reliability(np.ones(180), wrong)
    assert bold["ECE"] == pytest.approx(1 - wrong.mean()) == bold["ECE above .5"]


def test_errors_by_image_come_where_the_other_model_doubts_and_go_where_it_says() -> None:
    noise = module("noise")
    true = np.repeat([0, 1, 2], 200)
    probs = np.eye(3)[true]
    probs[300:400] = 0.5, 0.3, 0.2  # of class 1: the second hundred is in doubt, as is all of class 2
    probs[400:] = 0, 0.5, 0.5
    given = noise.by_image(true, probs, share=0.1, seed=0)
    assert (given != true).sum() == 60
    assert (given[:300] == true[:300]).all()
    assert set(given[400:]) == {1, 2} and set(given[300:400]) == {0, 1, 2}


def test_errors_in_few_classes_leave_the_others_alone() -> None:
    given = module("noise").few_classes(np.repeat(np.arange(20), 50), 20, seed=0)
    wrong = np.bincount(np.repeat(np.arange(20), 50), given != np.repeat(np.arange(20), 50))
    assert sorted(wrong) == [0] * 18 + [20, 20]


def test_an_interval_above_what_was_planted_is_open_where_nobody_counted_the_natural_errors() -> None:
    shares = module("measure").shares
    found = {"value": 0.1, "low": 0.09, "high": 0.12, "method": "chances"}
    assert shares(found, 0.1, None)["covers"] is True
    assert shares(found, 0.08, None)["covers"] is None
    assert shares(found, 0.2, None)["covers"] is False
    assert shares(found, 0.08, 0.0)["covers"] is False
    assert shares(found, 0.08, 0.02)["covers"] is True


def test_the_tables_name_the_best_scorer_and_whose_interval_missed() -> None:
    table = module("table")
    base = {"data": "set", "noise": "uniform", "images": 10, "wrong": 2, "recall@3%": 0.1, "AP_95": [0.4, 0.6]}
    base |= {"AUROC": 0.7, "P@n": 0.2, "P@100": 0.2, "recall@0.5%": 0.0, "recall@1%": 0.05}
    ours = base | {"method": "suspicion", "is_scorer": False, "AP": 0.5, "flagged": 4, "precision": 0.25, "recall": 0.5}
    ours |= {f"{name}_95": [0.1, 0.8] for name in ("AUROC", "P@n", "P@100", "recall@3%")}
    others = [
        base | {"method": name, "is_scorer": name != "plain disagreement", "AP": value, "ours_ahead_95": [-0.1, 0.1]}
        for name, value in (("one", 0.3), ("two", 0.45), ("plain disagreement", 0.9))
    ]
    how = {"planted": 0.2, "counted": 0.05, "estimate": 0.4, "interval": [0.3, 0.5], "covers": False}
    none = {"planted": 0.0, "counted": None, "estimate": 0.1, "interval": [0.05, 0.2], "covers": None}
    rows = [ours, *others, {"data": "set", "noise": "uniform", "how_many": how | {"confident joint": 0.6}}]
    rows += [{"data": "set", "noise": "none planted", "how_many": none | {"confident joint": 0.3}}]
    assert "| set, uniform (10, 2) | .500 [.400, .600] | .450 two | [-.100, .100] |" in table.found(rows)
    assert "| set, uniform | .700 [.100, .800], .700, –, – |" in table.more(rows)
    assert "| set, uniform | 4, .250, .500 | – | – | – | – | .900 |" in table.flagged(
        [*rows, {"data": "set", "noise": "uniform", "suggestion_right": 0.9}]
    )
    assert "| .200 | .050 | .400 [.300, .500] **missed** | .300 | .600 |" in table.how_many(rows)
    assert "| .000 | – | .100 [.050, .200] open | – | .300 |" in table.how_many(rows)
    assert table.picture(rows).count("<circle") == 4  # ours and the best scorer, in the legend and on the line
