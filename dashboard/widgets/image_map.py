"""The map of a run in the browser: all of its images, coloured, the filter standing out, one image marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard import loaders_detail, loaders_map
from dashboard.charts.scatter import Legend, legend_of
from dashboard.components.point_map.point_map import Arrays, Marked, Scene, point_map
from dashboard.selection import Polygon
from dashboard.server.points import Packet, packet
from dashboard.widgets.frame import colours
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count

NEAREST = 10
NAME = 24


@dataclass(frozen=True, eq=False)
class MapView:
    """What of a run is drawn: the array with the layout, the colouring, the rows that stand out, the marked row."""

    seen: Seen
    layout: str = "xy"
    by: str = "given"
    rows: NDArray[np.integer] | None = None  # None: every image
    marked: int | None = None
    outline: Polygon = ()
    tools: str = "all"
    height: int = 540


def image_map(
    view: MapView,
    *,
    key: str,
    on_outline: Callable[[Polygon], None] = lambda _: None,
    on_pick: Callable[[int | None], None] = lambda _: None,
) -> str:
    """Draw it; the sentence that says how many images are shown and how they were chosen."""
    seen = view.seen
    drawn = loaders_map.drawn(seen.path, seen.run.run_id)
    coloured = loaders_map.coloured(seen.path, seen.run.run_id, view.by)
    legend = legend_of(coloured.whole, colours(), view.rows)
    focus, near = _around(view)
    meant, n_meant = _meant(view.rows, drawn.sample.rows, n=len(seen.columns))
    point_map(
        seen.opened,
        Scene(
            arrays=Arrays(
                xy=loaders_map.places(seen.path, seen.run.run_id, view.layout),
                given=drawn.given,
                predicted=drawn.predicted,
                suspicion=drawn.suspicion,
                colour=coloured.packet,
                rows=drawn.rows,
                meant=meant,
            ),
            legend=legend,
            colours=colours(),
            n_points=len(drawn.sample.rows),
            alt=_in_words(view, legend, drawn.sample.sentence),
            outline=view.outline,
            tools=view.tools,
            height=view.height,
            focus=focus,
            near=near,
        ),
        key=key,
        on_outline=on_outline,
        on_pick=on_pick,
    )
    if drawn.rows is None or view.rows is None or len(view.rows) == len(seen.columns):
        return drawn.sample.sentence
    return f"{drawn.sample.sentence} Of the {count(len(view.rows), 'image')} that stand out {n_meant:,} are drawn."


def _meant(rows: NDArray[np.integer] | None, drawn: NDArray[np.int64], *, n: int) -> tuple[Packet | None, int]:
    """Which drawn points stand out, as bits, and how many; None where all of them do."""
    if rows is None or len(rows) == n:
        return None, len(drawn)
    mask = np.zeros(n, bool)
    mask[rows] = True
    return packet(np.packbits(mask[drawn]), "u1"), int(mask[drawn].sum())


def _in_words(view: MapView, legend: Legend, sentence: str) -> str:
    """What a screen reader says of the map."""
    parts = [f"Map of the images, coloured by {legend.title}. {sentence}"]
    if view.rows is not None and len(view.rows) < len(view.seen.columns):
        parts.append(f"{count(len(view.rows), 'image')} of the filter stand out; they are listed beside the map.")
    if legend.lines:
        parts.append(f"Most frequent: {', '.join(line.name for line in legend.lines[:5])}.")
    parts.append("Arrow keys move, plus and minus zoom, Enter marks the image in the middle, 0 shows the whole map.")
    return " ".join(parts)


def _around(view: MapView) -> tuple[Marked | None, list[Marked]]:
    """The marked image and its nearest ones by the model's features."""
    if view.marked is None:
        return None, []
    xy = loaders_map.positions(view.seen.path, view.seen.run.run_id, view.layout)
    alike = loaders_detail.neighbours(view.seen.path, view.seen.run.run_id, view.marked, NEAREST)
    near = [_marked(view.seen, row, xy, similarity) for row, similarity in alike]
    return _marked(view.seen, view.marked, xy), near


def _marked(seen: Seen, row: int, xy: NDArray[np.floating], alike: float | None = None) -> Marked:
    c = seen.columns
    given, predicted = (clean(seen.classes[k], limit=NAME) for k in (c.given[row], c.predicted[row]))
    text = given if given == predicted else f"{given} → {predicted}"
    said = f"{given} → {predicted}, suspicion {c.suspicion[row]:.2f}"
    said = f"{said}, similarity {alike:.2f}" if alike is not None else f"Marked: {said}"
    return Marked(row, (float(xy[row, 0]), float(xy[row, 1])), text, said)
