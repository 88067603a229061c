"""The embedded data set: 1,797 real handwritten digits of 8 × 8 pixels that come with scikit-learn. [Alpaydin98]

For the demo a known share of labels is made wrong on purpose, and the truth is kept beside them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, build, numbered
from analysis.data.plant import Pattern, Planted, lookalikes, plant
from analysis.data.reader import Options, number, reader
from analysis.data.scan import look_at_array

PATTERNS: dict[str, Pattern] = {"uniform": "uniform", "lookalikes": "pairs", "mixture": "mixture"}
SHARE = 0.08


@reader(
    "digits",
    title="Handwritten digits (embedded demo)",
    sniff=lambda source: source == "digits",
    options={
        "share": f"share of labels made wrong, 0..0.5 (default {SHARE})",
        "pattern": "mixture (default: half to any class, half to the look-alike class), uniform or lookalikes",
        "seed": "seed of the planted labels (default 0)",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:  # noqa: ARG001  # there is only one source
    """Read the digits; `true` holds their real labels, `given` those with planted mistakes."""
    from sklearn.datasets import load_digits

    share = number(options, "share", default=SHARE, low=0, high=0.5)
    seed = int(number(options, "seed", default=0, low=0, high=2**31))
    pattern = options.get("pattern", "mixture")
    if pattern not in PATTERNS:
        raise BadInput(f"The option pattern is {pattern!r}", wanted="one of " + ", ".join(PATTERNS))
    loaded = load_digits()
    true: NDArray[np.int64] = loaded.target.astype(np.int64)
    images = np.rint(loaded.images * (255 / 16)).astype(np.uint8)  # the 17 grey levels 0..16 spread over 0..255
    classes = tuple(str(digit) for digit in range(10))
    partner = lookalikes(images.reshape(len(images), -1).astype(np.float64), true, 10)
    planted = plant(true, 10, share=share, pattern=PATTERNS[pattern], partner=partner, seed=seed)
    names = numbered("digits", len(images))
    records = pd.DataFrame({"path": names, "given": planted.given, "true": true})
    about = {"planted": _story(planted, partner, share=share, pattern=pattern, seed=seed)} if share else {}
    found = Found(classes, records, about=about)
    return build(found, Pixels("array", data=images), look_at_array(images, progress))


def _story(planted: Planted, partner: NDArray[np.int64], *, share: float, pattern: str, seed: int) -> dict[str, Any]:
    n, n_partner = int(planted.changed.sum()), int(planted.to_partner.sum())
    how = [f"{n - n_partner} to any other digit, drawn at random"] if n > n_partner else []
    if n_partner:
        how.append(f"{n_partner} to the digit that looks most alike (nearest mean image)")
    return {
        "share": share,
        "pattern": pattern,
        "seed": seed,
        "n": n,
        "n_uniform": n - n_partner,
        "n_lookalike": n_partner,
        "lookalikes": {str(digit): str(other) for digit, other in enumerate(partner)},
        "sentence": (
            f"{n} of the {len(planted.given):,} labels were made wrong on purpose: {' and '.join(how)}. "
            "The real labels are kept, so that the pages can show how many of these mistakes are found."
        ),
    }
