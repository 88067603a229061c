"""What the confusion graph and its communities cost: one JSON row per case.

    python benchmarks/cost/graph_cost.py            1 M x top-5, 1,000 classes; 94,682 classes; networkx
    python benchmarks/cost/graph_cost.py --full     10 M images for 94,682 classes (minutes, 500 MB of disk)

Every case runs in a process of its own. The lists of the best classes lie in files and are memory-mapped. `cpu_s` are
seconds of processor time; `extra_mib` is what the peak of memory rose above what was there before, pages of those
files included, and `anonymous_mib` without them. Classes lie in planted communities of about 22;
read ratios between cases, not seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measuring import cost, in_a_process, say

TOP = 5
GROUP = 22  # classes in a planted community
CASES = {  # name: images, classes, how
    "weights_1000": (1_000_000, 1_000, "lookalike"),
    "weights_94682": (1_000_000, 94_682, "lookalike"),
    "small_lookalike": (200_000, 1_000, "lookalike"),
    "small_networkx": (200_000, 1_000, "networkx"),
}
FULL = {"weights_94682": (10_000_000, 94_682, "lookalike")}


CHUNK = 1_000_000


def write_lists(n: int, k: int, place: Path) -> None:
    """labels.npy (n,), classes.npy (n, 5) without repetition and scores.npy (n, 5), chunk by chunk."""
    rng = np.random.default_rng(0)
    files = {"labels": (np.int32, ()), "classes": (np.int32, (TOP,)), "scores": (np.float32, (TOP,))}
    out = {
        name: np.lib.format.open_memmap(place / f"{name}.npy", "w+", dtype, (n, *shape))
        for name, (dtype, shape) in files.items()
    }
    for start in range(0, n, CHUNK):
        rows = slice(start, min(n, start + CHUNK))
        for name, values in zip(files, top_five(rows.stop - rows.start, k, rng), strict=True):
            out[name][rows] = values
    for array in out.values():
        array.flush()


def top_five(n: int, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Given labels (n,), best classes (n, 5) without repetition, and their probabilities."""
    given = rng.integers(0, k, n)
    step = np.cumsum(rng.integers(1, 5, (n, TOP - 1)), axis=1)
    first = given // GROUP * GROUP
    near = first[:, None] + (given - first)[:, None] + step  # others of the community, ...
    near = first[:, None] + (near - first[:, None]) % GROUP
    far = rng.random((n, TOP - 1)) < 0.05  # ... now and then any class
    near = np.where(far, rng.integers(0, k, (n, TOP - 1)), np.minimum(near, k - 1))
    scores = -np.sort(-rng.dirichlet(np.full(TOP, 0.3), n).astype(np.float32) * np.float32(0.99), axis=1)
    return given, np.column_stack([given, near]), scores


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


def run_case(name: str, place: Path, *, full: bool) -> None:
    """Make the inputs in `place` and print the row."""
    n, k, how = cases(full=full)[name]
    if not (place / "scores.npy").exists():  # made in a process before the one that is measured
        write_lists(n, k, place)
        return
    given, classes, scores = (np.load(place / f"{name}.npy", mmap_mode="r") for name in ("labels", "classes", "scores"))
    row: dict[str, Any] = {"benchmark": "graph_cost", "case": name, "images": n, "classes": k, "top": TOP, "how": how}
    if how == "networkx":
        edges, spent = cost(lambda: networkx_weights(given, classes, scores))
        say(**row, **spent, edges=edges)
    else:
        say(**row, **_lookalike(given, classes, scores, k))


def _lookalike(given: np.ndarray, classes: np.ndarray, scores: np.ndarray, k: int) -> dict[str, Any]:
    from analysis.base.config import GraphSettings
    from analysis.base.types import Predictions
    from analysis.confusion.communities import detect, partitions, stability
    from analysis.confusion.graph import class_scores, undirected

    def build() -> Any:
        found = Predictions("benchmark", k, np.ones(len(given), bool), top_class=classes, top_prob=scores)
        weights = class_scores(given, found, n_classes=k, top=TOP)
        return undirected(weights, np.bincount(given, minlength=k), kind="count")

    weight, spent = cost(build)
    partitions(weight[:100][:, :100], "leiden", resolution=1.0, seeds=[0])  # load igraph outside the measurement
    settings = GraphSettings(seeds=1)
    one, one_spent = cost(lambda: detect(weight, settings))
    (steady, runs), steady_spent = cost(lambda: stability(weight, one.community, settings))
    return {
        **spent,
        "edges": weight.nnz // 2,
        "communities_method": one.method,
        "communities_cpu_s": one_spent["cpu_s"],
        "communities_mib": one_spent.get("anonymous_mib"),
        "communities": int(one.community.max()) + 1,
        "modularity": round(one.modularity, 4),
        "stability_runs": runs,
        "stability_cpu_s": steady_spent["cpu_s"],
        "stability_mean": round(float(steady.mean()), 3),
    }


def cases(*, full: bool) -> dict[str, tuple[int, int, str]]:
    return {**CASES, **(FULL if full else {})}


def main() -> int:
    """Print a row per case and the ratio to networkx."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="10 M images for 94,682 classes")
    parser.add_argument("--case", choices=sorted(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        run_case(args.case, args.place, full=args.full)
        return 0
    rows = {}
    for name in cases(full=args.full):
        with tempfile.TemporaryDirectory(prefix="lookalike-cost-") as folder:
            call = (__file__, "--case", name, "--place", folder, *(["--full"] if args.full else []))
            in_a_process(*call)
            rows[name] = say(**in_a_process(*call))
    assert rows["small_networkx"]["edges"] == rows["small_lookalike"]["edges"]
    ratio = rows["small_networkx"]["cpu_s"] / max(rows["small_lookalike"]["cpu_s"], 1e-3)
    say(benchmark="graph_cost", case="networkx_over_lookalike", ratio=round(ratio, 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
