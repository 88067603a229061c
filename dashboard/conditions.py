"""Conditions of the filter on what people said of an image and on the columns of the data set. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Decided = Literal["", "open", "kept", "changed", "several", "none_fits", "unsure", "excluded"]
DECIDED: tuple[Decided, ...] = get_args(Decided)
EXCLUDED = 64  # added to the state of an image that is marked as not to be trained on
STATE_OF: Mapping[str, Decided] = {  # a skipped image is still to be judged
    "keep": "kept",
    "relabel": "changed",
    "several": "several",
    "none_fits": "none_fits",
    "unsure": "unsure",
}
INTERNAL = {"source_row", "given", "true", "content"}  # columns that are no text anybody would look for
MOST_WHERE = 8
LONGEST = 200  # characters of the name of a column, and of a value, in a link


@dataclass(frozen=True)
class Where:
    """A column of the data set's table has this value, or contains it (letter case makes no difference then)."""

    column: str
    value: str
    contains: bool = False


@dataclass(frozen=True, eq=False)
class Field:
    """A column as text: `values` the U distinct ones, `lower` the same in small letters, `code` (N,) which of them an
    image has, -1 for none."""

    values: pa.Array
    lower: pa.Array
    code: NDArray[np.integer]

    def mask(self, condition: Where) -> NDArray[np.bool_]:
        """Which images pass, (N,)."""
        if condition.contains:
            hit = pc.match_substring(self.lower, pc.utf8_lower(pa.scalar(condition.value)).as_py())
        else:
            hit = pc.equal(self.values, condition.value)
        found: NDArray[np.bool_] = np.append(hit.to_numpy(zero_copy_only=False).astype(bool), False)[self.code]
        return found


def field_of(column: pd.Series) -> Field:
    """A column (N,) of whatever type, made ready for many questions."""
    try:
        found = pa.array(column, from_pandas=True)
        if not pa.types.is_string(found.type) and not pa.types.is_large_string(found.type):
            raise pa.ArrowInvalid("no text")  # numbers are said as Python says them
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.array(column.map(str, na_action="ignore").astype(object), pa.large_string(), from_pandas=True)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    coded = found.cast(pa.large_string()).dictionary_encode()
    code = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Field(coded.dictionary, pc.utf8_lower(coded.dictionary), code.astype(np.int32))


def states_of(
    verdicts: pd.Series, rows: NDArray[np.integer], excluded: NDArray[np.integer], n: int
) -> NDArray[np.int8]:
    """The state of N images as a number into `DECIDED`, plus `EXCLUDED`: `verdicts` (M,) in force of `rows` (M,), and
    the `excluded` rows. Rows below 0 are images that the data set does not hold."""
    found = np.full(n, DECIDED.index("open"), np.int8)
    said = verdicts.map(lambda verdict: DECIDED.index(STATE_OF.get(verdict, "open"))).to_numpy(np.int8)
    found[rows[rows >= 0]] = said[rows >= 0]
    found[excluded[excluded >= 0]] += EXCLUDED
    return found


def decided_mask(decided: Decided, states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which images are in this state, (N,)."""
    if decided == "excluded":
        return np.asarray(states >= EXCLUDED)
    return np.asarray(states % EXCLUDED == DECIDED.index(decided))


# -- links ------------------------------------------------------------------------------------------------------------
def where_text(conditions: tuple[Where, ...]) -> str:
    """Conditions as one URL parameter: "split:train,path*holiday"."""
    return ",".join(
        f"{quote(c.column, safe='')}{'*' if c.contains else ':'}{quote(c.value, safe='')}" for c in conditions
    )


def where_of(text: str) -> tuple[Where, ...]:
    """The conditions of such a parameter, one for each column; what makes no sense is left out."""
    found: dict[str, Where] = {}
    for part in text.split(",", MOST_WHERE)[:MOST_WHERE]:
        sign = "*" if "*" in part and ":" not in part.partition("*")[0] else ":"
        name, there, value = part.partition(sign)
        column, value = unquote(name), unquote(value)
        if there and column and value and max(len(column), len(value)) <= LONGEST:
            found[column] = Where(column, value, sign == "*")
    return tuple(found.values())


def range_text(limits: tuple[float, float]) -> str:
    """A range of suspicion as a URL parameter: "0.5~1"."""
    return f"{limits[0]:.4g}~{limits[1]:.4g}"


def range_of(text: str) -> tuple[float, float] | None:
    """The range of such a parameter within 0..1, rounded to what a link holds; None where it is none."""
    try:
        low, high = (float(part) for part in text.split("~"))
    except ValueError:  # no numbers, or not two
        return None
    if not (0 <= low <= high <= 1) or (low, high) == (0, 1):
        return None
    return float(f"{low:.4g}"), float(f"{high:.4g}")
