"""The detection benchmark runs by its one command and says what it could not do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> list[dict[str, object]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "detection" / "run.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_digits_are_measured_and_the_default_order_beats_plain_disagreement() -> None:
    rows = run("--only", "digits")
    noises = {row["noise"] for row in rows}
    assert noises == {"uniform 8%", "pairs 8%", "confusion-shaped 8%"}
    found = {(row["noise"], row["method"]): row["AP"] for row in rows}
    for noise in noises:
        assert found[noise, "suspicion"] > found[noise, "predicted_neq_given"] + 0.2
        assert found[noise, "suspicion"] >= found[noise, "rank_sum"] - 0.002


@pytest.mark.slow
def test_absent_data_are_named(tmp_path: Path) -> None:
    rows = run("--only", "crowd,fashion", "--data", str(tmp_path))
    assert rows == [
        {"data": "crowd", "skipped": f"there is no mnist.npz in {tmp_path / 'crowd'}"},
        {"data": "fashion", "skipped": f"there is no fashion_mnist.npz in {tmp_path / 'fashion_mnist'}"},
    ]
