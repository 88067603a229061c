"""What the confusion graph and its communities cost: one JSON row per case.

    python benchmarks/graph_cost.py            1 M x top-5 over 1,000 classes; 94,682 classes with 1 M images; networkx
    python benchmarks/graph_cost.py --full     the same with 10 M images for 94,682 classes (minutes, 4 GiB)

Every case runs in a process of its own. `cpu_s` are seconds of processor time; `extra_mib` is what the peak of memory
rose above what was there before (inputs included). Classes lie in planted communities of about 22; read ratios between
cases, not seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TOP = 5
GROUP = 22  # classes in a planted community
CASES = {  # name: images, classes, how
    "weights_1000": (1_000_000, 1_000, "lookalike"),
    "weights_94682": (1_000_000, 94_682, "lookalike"),
    "small_lookalike": (200_000, 1_000, "lookalike"),
    "small_networkx": (200_000, 1_000, "networkx"),
}
FULL = {"weights_94682": (10_000_000, 94_682, "lookalike")}


def top_five(n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Given labels (n,), best classes (n, 5) without repetition, and their probabilities."""
    rng = np.random.default_rng(seed)
    given = rng.integers(0, k, n)
    step = np.cumsum(rng.integers(1, 5, (n, TOP - 1)), axis=1)
    first = given // GROUP * GROUP
    near = first[:, None] + (given - first)[:, None] + step  # others of the community, ...
    near = first[:, None] + (near - first[:, None]) % GROUP
    far = rng.random((n, TOP - 1)) < 0.05  # ... now and then any class
    near = np.where(far, rng.integers(0, k, (n, TOP - 1)), np.minimum(near, k - 1))
    classes = np.column_stack([given, near]).astype(np.int32)
    scores = np.sort(rng.dirichlet(np.full(TOP, 0.3), n).astype(np.float32) * np.float32(0.99), axis=1)[:, ::-1]
    return given, classes, np.ascontiguousarray(scores)


def networkx_weights(given: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> int:
    """The graph edge by edge, as one would write it down; the number of edges."""
    import networkx as nx

    graph = nx.Graph()
    for y, row, values in zip(given.tolist(), classes.tolist(), scores.tolist(), strict=True):
        total = sum(values)
        for c, s in zip(row, values, strict=True):
            if c == y or s <= 0:
                continue
            if graph.has_edge(y, c):
                graph[y][c]["weight"] += s / total
            else:
                graph.add_edge(y, c, weight=s / total)
    return graph.number_of_edges()


def memory(field: str) -> int:
    """KiB of this process: VmRSS = now, VmHWM = the peak. Linux only."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def cost(call: Callable[[], Any]) -> tuple[Any, float, int | None]:
    """The result of a call, its CPU seconds and the MiB by which it raised memory at its peak (None off Linux)."""
    linux = Path("/proc/self/clear_refs").exists()
    if linux:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak of making the inputs
    before, start = memory("VmRSS") if linux else 0, time.process_time()
    result = call()
    spent = round(time.process_time() - start, 3)
    return result, spent, round((memory("VmHWM") - before) / 1024) if linux else None


def run_case(name: str, n: int, k: int, how: str) -> dict[str, Any]:
    given, classes, scores = top_five(n, k)
    row: dict[str, Any] = {"benchmark": "graph_cost", "case": name, "images": n, "classes": k, "top": TOP, "how": how}
    if how == "networkx":
        edges, row["cpu_s"], row["extra_mib"] = cost(lambda: networkx_weights(given, classes, scores))
        return {**row, "edges": edges}
    return {**row, **_lookalike(given, classes, scores, k)}


def _lookalike(given: np.ndarray, classes: np.ndarray, scores: np.ndarray, k: int) -> dict[str, Any]:
    from analysis.base.config import GraphSettings
    from analysis.base.types import Predictions
    from analysis.confusion.communities import detect, partitions, stability
    from analysis.confusion.graph import class_scores, undirected

    found = Predictions("benchmark", k, np.ones(len(given), bool), top_class=classes, top_prob=scores)
    sizes = np.bincount(given, minlength=k)

    def build() -> Any:
        return undirected(class_scores(given, found, n_classes=k, top=TOP), sizes, kind="count")

    weight, cpu, extra = cost(build)
    partitions(weight[:100][:, :100], "leiden", resolution=1.0, seeds=[0])  # load igraph outside the measurement
    settings = GraphSettings(seeds=1)
    one, one_cpu, one_extra = cost(lambda: detect(weight, settings))
    (steady, runs), steady_cpu, _ = cost(lambda: stability(weight, one.community, settings))
    return {
        "cpu_s": cpu,
        "extra_mib": extra,
        "edges": weight.nnz // 2,
        "communities_method": one.method,
        "communities_cpu_s": one_cpu,
        "communities_extra_mib": one_extra,
        "communities": int(one.community.max()) + 1,
        "modularity": round(one.modularity, 4),
        "stability_runs": runs,
        "stability_cpu_s": steady_cpu,
        "stability_mean": round(float(steady.mean()), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="10 M images for 94,682 classes")
    parser.add_argument("--case", choices=sorted(CASES), help="only this one, in this process")
    args = parser.parse_args()
    cases = {**CASES, **(FULL if args.full else {})}
    if args.case:
        print(json.dumps(run_case(args.case, *cases[args.case])), flush=True)
        return 0
    rows = {}
    for name in cases:
        command = [sys.executable, __file__, "--case", name, *(["--full"] if args.full else [])]
        line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        rows[name] = json.loads(line)
        print(line, flush=True)
    assert rows["small_networkx"]["edges"] == rows["small_lookalike"]["edges"]
    ratio = rows["small_networkx"]["cpu_s"] / max(rows["small_lookalike"]["cpu_s"], 1e-3)
    print(json.dumps({"benchmark": "graph_cost", "case": "networkx_over_lookalike", "ratio": round(ratio, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
