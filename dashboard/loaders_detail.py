"""What the large view of one image reads: a row of the scores, its neighbours, and what people said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from analysis.base.errors import UserError
from analysis.base.schema import TABLES
from analysis.noise.scorer import SCORERS
from analysis.review.reading import all_columns, read_events
from analysis.review.tables import events
from dashboard import loaders

TOGETHER = (
    "How likely the label is wrong, from all scorers that can say what they would think of another label; where the "
    "notes of the run say that no chance could be learnt, a place among all images."
)


@dataclass(frozen=True)
class Doubt:
    """One scorer's suspicion of one image: 0..1, the share of all images that it finds less suspicious, what it is."""

    title: str
    plain: str
    value: float
    above: float


def doubts(path: str, run_id: str, row: int) -> list[Doubt]:
    """Every scorer's suspicion of the image, the combined one first.

    Read from the file each time: kept in memory, the columns of all scorers would be the largest thing there.
    """
    run = loaders.workspace(path).run(run_id)
    card = run.card("scores") or {}
    there = pq.read_schema(run.path / str(card["file"])).names
    names = [name for name in there if name not in TABLES["scores"]]
    table = run.table("scores", ["suspicion", *names])
    known = dict(SCORERS.items())
    made = [_doubt(table["suspicion"], row, "All together", TOGETHER)]
    for name in names:
        spec = known.get(name)
        made.append(_doubt(table[name], row, spec.title if spec else name, spec.plain if spec else ""))
    return made


def _doubt(column: pd.Series, row: int, title: str, plain: str) -> Doubt:
    values = column.to_numpy()
    return Doubt(title, plain, float(values[row]), float(np.mean(values < values[row])))


def neighbours(path: str, run_id: str, row: int, n: int) -> list[tuple[int, float]]:
    """(row, cosine similarity) of the n nearest images, best first; none where the run has no features."""
    run = loaders.workspace(path).run(run_id)
    if not run.has("neighbour_index"):
        return []
    index = run.array("neighbour_index")[row, :n].tolist()
    similarity = run.array("neighbour_similarity")[row, :n].tolist()
    return list(zip(index, similarity, strict=True))


def history(path: str, image_id: str) -> pd.DataFrame:
    """Every event on one image, oldest first, as `DecisionStore.log` has them, and `undone` (bool)."""
    store = loaders.decision_store(path)
    mine = all_columns().where(events.c.scope == store.scope, events.c.image_id == image_id)
    with store.reading() as conn:
        found = read_events(conn, mine)
    taken_back = set(zip(found["session"], found["undoes"], strict=True))
    return found.assign(undone=[key in taken_back for key in zip(found["session"], found["seq"], strict=True)])


def file_size(path: str, row: int) -> int | None:
    """Bytes of the file that holds the image; None where it is not a file of its own, or is gone."""
    try:
        file = loaders.images(path).file(row)
        return file.stat().st_size if file else None
    except (UserError, OSError):
        return None
