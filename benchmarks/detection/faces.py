"""Wrong identities among faces: planted ones by the class-image graph, and the documented errors of the set itself.

    python benchmarks/detection/faces.py [--data ../shared/data] [--seeds 3]

Embeddings and identities only, no classifier. One JSON row per case. Planted: 10 % of the images of all people with at
least so many images get the name of another of these people, drawn evenly; `others` says whether the people with fewer
images are in the set too. Documented: the labels as they are, against the errata of the set.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.data.plant import plant  # noqa: E402  # the root of the project comes first
from analysis.evaluate.detection import auroc, average_precision, precision_at  # noqa: E402
from analysis.noise.class_image_graph import Cleaning, clean  # noqa: E402

SHARE = 0.1
CASES = ((5, False), (5, True), (10, False), (3, False), (2, False), (1, True))  # images a person, others in the set


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    folder = asked.data / "faces_lfw"
    with np.load(folder / "embeddings.npz") as file:
        features, people = file["emb"].astype(np.float32), file["identity"].astype(np.int64)
        names, identities = file["name"].tolist(), file["identities"].tolist()
    for least, others in CASES:
        for seed in range(asked.seeds):
            show(planted(features, people, least=least, others=others, seed=seed))
    errata = json.loads((folder / "errata.json").read_text(encoding="utf-8"))
    show(documented(features, people, [names.index(name) for name in errata], identities))


def show(row: dict[str, object]) -> None:
    """One line of JSON, numbers rounded."""
    print(json.dumps({key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}), flush=True)


def planted(features: np.ndarray, people: np.ndarray, *, least: int, others: bool, seed: int) -> dict[str, object]:
    """Plant wrong identities, clean, and compare."""
    given, rows = wrong_identities(people, least=least, others=others, seed=seed)
    true, (labels, found, seconds) = people[rows], cleaned(features[rows], given)
    wrong, flagged, relabelled = true != given, found.action != "keep", found.action == "relabel"
    hits = int((wrong & flagged).sum())
    return {
        "case": "everybody"
        if least == 1
        else f"people with {least} images or more" + ", the others in the set" * others,
        "seed": seed,
        "images": len(given),
        "people": len(labels),
        "planted": int(wrong.sum()),
        "flagged": int(flagged.sum()),
        "precision": hits / max(1, int(flagged.sum())),
        "recall": hits / int(wrong.sum()),
        "average_precision": average_precision(wrong, found.suspicion),
        "auroc": auroc(wrong, found.suspicion),
        "precision_at_planted": precision_at(wrong, found.suspicion, int(wrong.sum())),
        "relabelled": int(relabelled.sum()),
        "relabelled_to_the_truth": float((labels[found.suggested] == true)[relabelled & wrong].mean()),
        "estimated_noise": found.noise,
        "weak_link": found.links.weak,
        "cpu_s": seconds,
    }


def wrong_identities(people: np.ndarray, *, least: int, others: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Given identities after planting, and the rows of the set that are in the case."""
    able = np.bincount(people)[people] >= least
    names, coded = np.unique(people[able], return_inverse=True)
    given = people.copy()
    given[able] = names[plant(coded, len(names), share=SHARE, seed=seed).given]
    rows = np.arange(len(people)) if others else np.flatnonzero(able)
    return given[rows], rows


def cleaned(features: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, Cleaning, float]:
    """The identities present, what the graph says, and CPU seconds."""
    labels, coded = np.unique(given, return_inverse=True)
    started = time.process_time()
    found = clean(features, coded, n_classes=len(labels))
    return labels, found, time.process_time() - started


def documented(features: np.ndarray, people: np.ndarray, errors: list[int], identities: list[str]) -> dict[str, object]:
    """Where the documented errors stand when nothing is planted."""
    labels, found, seconds = cleaned(features, people)
    order = np.lexsort((np.arange(len(people)), found.for_label))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(1, len(order) + 1)
    top = {
        f"in_top_{share * 100:g}_percent": int((place[errors] <= len(people) * share).sum())
        for share in (0.005, 0.01, 0.02)
    }
    return {
        "case": "documented errors, nothing planted",
        "images": len(people),
        "people": len(labels),
        "documented": len(errors),
        **top,
        "flagged": int((found.action != "keep").sum()),
        "flagged_documented": int((found.action[errors] != "keep").sum()),
        "places": sorted(int(n) for n in place[errors]),
        "suggested": [identities[labels[c]] for c in found.suggested[sorted(errors, key=lambda row: place[row])][:10]],
        "cpu_s": seconds,
    }


if __name__ == "__main__":
    main()
