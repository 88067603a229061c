"""All models under all ways of scoring, with what changed: as values, as a table of text, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evaluate.flips import NOW_AHEAD, REVERSED, flips, kendall_tau, neighbours
from analysis.evaluate.kinds import counts_of
from analysis.evaluate.reranking import RESAMPLES, WAYS, Outcomes, Scored, by_group, score

Array = NDArray[Any]
FIRST = "all"  # the way of scoring that the others are compared with
SURVIVES = (REVERSED, NOW_AHEAD)  # verdicts of flips whose new order is more than chance
NAME = 28  # characters of a model's name in a table


@dataclass(frozen=True, eq=False)
class Ranking:
    """M models scored in every way on `found.kinds` images; `rows` says which of the data set's, None for all.

    `n_said`: of these images, how many somebody or something judged.
    """

    found: Outcomes
    scored: dict[str, Scored]
    rows: Array | None
    n_said: int

    @property
    def names(self) -> tuple[str, ...]:
        """The models', hostile until escaped."""
        return self.found.names

    @cached_property
    def flips(self) -> dict[str, pd.DataFrame]:
        """Of every way but the first the pairs of models that change places, see `flips.flips`."""
        return {way: flips(self.scored[FIRST], self.scored[way]) for way in WAYS if way != FIRST}

    @cached_property
    def ties(self) -> dict[str, NDArray[np.bool_]]:
        """Of every way: is a model (M,) within chance of the one next above it? McNemar's test."""
        marks = {}
        for way, result in self.scored.items():
            table = neighbours(result)
            marks[way] = np.zeros(len(self.names), bool)
            marks[way][table["behind"].to_numpy()] = table["tie"].to_numpy()
        return marks

    def tau(self, way: str) -> float:
        """Kendall's tau-b between a way of scoring and all images."""
        return kendall_tau(self.scored[FIRST].accuracy, self.scored[way].accuracy)

    def order(self, way: str = FIRST) -> list[int]:
        """Places of the models, the best first."""
        return np.argsort(-self.scored[way].n_right, kind="stable").tolist()


def rank_models(
    found: Outcomes, said: Array, *, rows: Array | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Ranking:
    """Score models in every way, on all N images or on `rows` of them; `said` (N,) bool: somebody judged the image."""
    if rows is not None:
        found, said = found.on(rows), said[rows]
    return Ranking(found, score(found, resamples=resamples, seed=seed), rows, int(said.sum()))


def survivors(table: pd.DataFrame) -> pd.DataFrame:
    """The flips whose new order is more than chance; the others are ties."""
    return table[table["verdict"].isin(SURVIVES)]


def as_text(ranking: Ranking, *, source: str, flips_shown: int) -> str:
    """The table for a terminal: accuracy, half its interval, rank and interval of the rank in every way; then flips."""
    counts = counts_of(ranking.found.kinds)
    told = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items())
    lines = [f"labels by {source}: {told} ({ranking.n_said:,} judged)", ""]
    width = max(len("model"), *(min(NAME, len(name)) for name in ranking.names))
    lines.append(" " * width + "".join(f"  {way.title[:23]:>23}" for way in WAYS.values()))
    lines.append(f"{'images':<{width}}" + "".join(f"  {ranking.scored[way].n:>23,}" for way in WAYS))
    for m in ranking.order():
        cells = "".join(f"  {_cell(ranking, way, m):>23}" for way in WAYS)
        lines.append(f"{ranking.names[m][:NAME]:<{width}}{cells}")
    lines += ["", "accuracy in percent ± half of its 95 % interval, rank (95 % interval of the rank)"]
    lines.append("= within chance of the model above it (McNemar's exact test)")
    for way, table in ranking.flips.items():
        kept = survivors(table)
        lines += ["", f"{WAYS[way].title}: Kendall's tau {ranking.tau(way):.3f}, {_n_flips(len(table), len(kept))}"]
        lines += [_flip_line(ranking, flip) for flip in kept.head(flips_shown).to_dict("records")]
        if len(kept) > flips_shown:
            lines.append(f"  … and {len(kept) - flips_shown:,} more (--json has all)")
    return "\n".join(lines)


def as_json(
    ranking: Ranking, *, source: str, groups: Mapping[str, tuple[Array, Sequence[str]]] | None = None
) -> dict[str, Any]:
    """Everything for a program. `groups`: name → (group of every image of the data set (N,), names of the groups)."""
    names = ranking.names
    made: dict[str, Any] = {
        "labels": {"source": source, "judged": ranking.n_said, "kinds": counts_of(ranking.found.kinds)},
        "ways": {way: {"title": WAYS[way].title, "images": ranking.scored[way].n} for way in WAYS},
        "models": [
            {"name": names[m], **{way: _figures(ranking.scored[way], m, tie=ranking.ties[way][m]) for way in WAYS}}
            for m in ranking.order()
        ],
        "changes": {
            way: {"kendall_tau": _number(ranking.tau(way)), "flips": _named(table, names)}
            for way, table in ranking.flips.items()
        },
    }
    for name, (group, titles) in (groups or {}).items():
        of_image = group if ranking.rows is None else group[ranking.rows]
        made[name] = {way: _grouped(ranking, way, of_image, titles) for way in WAYS}
    return made


# -- inside ----------------------------------------------------------------------------------------------------------
def _cell(ranking: Ranking, way: str, m: int) -> str:
    found = ranking.scored[way]
    if not found.n:
        return "–"
    half = (found.high[m] - found.low[m]) / 2
    tie = "=" if ranking.ties[way][m] else ""
    rank = f"{tie}{found.rank[m]} ({found.rank_low[m]}-{found.rank_high[m]})"
    return f"{found.accuracy[m] * 100:.2f} ±{half * 100:.2f} {rank}"


def _n_flips(n: int, kept: int) -> str:
    flipped = f"{n:,} {'pair changes' if n == 1 else 'pairs change'} places"
    return f"{flipped}, {kept:,} beyond chance" if n else "no pair changes places"


def _flip_line(ranking: Ranking, flip: dict[str, Any]) -> str:
    up, down = (ranking.names[flip[side]][:NAME] for side in ("up", "down"))
    return (
        f"  {up} ({flip['rank_up_before']} to {flip['rank_up']}) passes {down} ({flip['rank_down_before']} to "
        f"{flip['rank_down']}): {flip['up_only']:,} images against {flip['down_only']:,}, q = {flip['q']:.2g}, "
        f"{flip['verdict']}"
    )


def _figures(found: Scored, m: int, *, tie: bool) -> dict[str, Any]:
    return {
        "right": int(found.n_right[m]),
        "accuracy": _number(found.accuracy[m]),
        "low": _number(found.low[m]),
        "high": _number(found.high[m]),
        "rank": int(found.rank[m]),
        "rank_low": int(found.rank_low[m]),
        "rank_high": int(found.rank_high[m]),
        "tie_with_next_above": bool(tie),
    }


def _named(table: pd.DataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = table.to_dict("records")
    return [{**flip, "up": names[flip["up"]], "down": names[flip["down"]]} for flip in listed]


def _grouped(ranking: Ranking, way: str, group: Array, titles: Sequence[str]) -> list[dict[str, Any]]:
    right, n = by_group(ranking.found, WAYS[way], group, len(titles))
    return [
        {"name": title, "images": int(n[g]), "right": dict(zip(ranking.names, right[:, g].tolist(), strict=True))}
        for g, title in enumerate(titles)
        if n[g]
    ]


def _number(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return None if np.isnan(value) else float(value)
