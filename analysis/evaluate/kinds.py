"""Kinds of label error: wrong, several labels, several without the given one, none fits. [Higuchi22] [Beyer20]"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.labelsets import LabelSets

CLEAN, WRONG, SEVERAL, WITHOUT, NONE_FITS = range(5)
TITLES = {
    CLEAN: "the given label holds",
    WRONG: "wrong: another label holds",
    SEVERAL: "several labels hold, the given one among them",
    WITHOUT: "several labels hold, the given one is not among them",
    NONE_FITS: "no label fits",
}
NAMES = {CLEAN: "clean", WRONG: "wrong", SEVERAL: "several", WITHOUT: "several_without", NONE_FITS: "none_fits"}


def kinds_of(given: NDArray[Any], sets: LabelSets) -> NDArray[np.int8]:
    """The kind of label error of every image, (N,) of the constants above; CLEAN also where nobody looked."""
    if len(given) != len(sets):
        raise BadInput(f"There are {len(given)} labels and sets for {len(sets)} images", wanted="the same images")
    holds = sets.hold(given)
    one, several = sets.sizes == 1, sets.sizes > 1
    cases = [one & holds, one, several & holds, several]
    return np.select(cases, [CLEAN, WRONG, SEVERAL, WITHOUT], NONE_FITS).astype(np.int8)


def counts_of(kinds: NDArray[np.int8]) -> dict[str, int]:
    """How many images each kind has, by its name."""
    n = np.bincount(kinds, minlength=len(NAMES))
    return {name: int(n[kind]) for kind, name in NAMES.items()}
