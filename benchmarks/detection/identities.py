"""Wrong identities among faces: embeddings and names only, no classifier.

10 % of the images of all people with at least so many images get the name of another of these people, drawn evenly; the
people with fewer images are in the set too, or not. And the names as they are, against the errata of the set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analysis.data.plant import plant

NAME, SHARE = "faces_lfw", 0.1
CASES = ((5, False), (5, True), (1, True))  # images a person, the others in the set
FULL_CASES = (*CASES, (10, False), (3, False), (2, False))


def faces(data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings (N, 128), identities (N,), and which names are documented to be wrong (N,) bool."""
    from sets import load

    folder = data / NAME
    file = load(folder / "embeddings.npz")
    errata = json.loads((folder / "errata.json").read_text(encoding="utf-8"))
    return file["emb"].astype(np.float32), file["identity"].astype(np.int64), np.isin(file["name"], list(errata))


def planted(people: np.ndarray, *, full: bool, seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The name of each case, the rows of the set that are in it, and their identities after planting."""
    for least, others in FULL_CASES if full else CASES:
        for draw in range(seed, seed + 3) if full else (seed,):
            given, rows = wrong_identities(people, least=least, others=others, seed=draw)
            who = "everybody" if least == 1 else f"{least}+ images" + ", whole set" * others
            yield f"identities {SHARE:.0%}, {who}" + f", seed {draw}" * full, rows, given


def wrong_identities(people: np.ndarray, *, least: int, others: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Given identities after planting, and the rows of the set that are in the case."""
    able = np.bincount(people)[people] >= least
    names, coded = np.unique(people[able], return_inverse=True)
    given = people.copy()
    given[able] = names[plant(coded, len(names), share=SHARE, seed=seed).given]
    rows = np.arange(len(people)) if others else np.flatnonzero(able)
    return given[rows], rows
