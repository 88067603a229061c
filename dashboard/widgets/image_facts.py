"""The parts of the large view of one image as HTML; everything that comes from the data set is escaped here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from analysis.review.limits import labels_of
from dashboard.items import said
from dashboard.loaders_detail import Doubt
from dashboard.server.urls import image_url
from dashboard.widgets.gallery import card
from dashboard.widgets.image_links import Part, image_link
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_html, percent

TINY = 128  # pixels: below it an image is enlarged to be seen at all
LONG = 400
MARKS = {"exclude": "exclude from training", "include": "take back into training", "undo": "undo"}
OWN = {"image_id", "path", "source_row", "given", "true", "content", "width", "height"}  # shown elsewhere, or for us

STYLE = """
<style>
.la-step { display: flex; gap: 20px; align-items: baseline; font-size: 14px; }
.la-step a { color: inherit !important; }
.la-large { display: block; width: 100%; max-height: 46vh; object-fit: contain; border-radius: 6px;
  background: color-mix(in srgb, currentColor 6%, transparent); }
.la-large.la-tiny { min-height: min(320px, 46vh); }
.la-facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 15px;
  margin: 0 !important; padding: 0 !important; }
.la-facts dt { opacity: .72; } .la-facts dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
.la-bars { display: grid; grid-template-columns: minmax(80px, 34%) 1fr max-content; gap: 4px 12px; font-size: 14px;
  align-items: center; }
.la-bars > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.la-bars i { display: block; height: 8px; border-radius: 4px;
  background: color-mix(in srgb, currentColor 12%, transparent); }
.la-bars i b { display: block; height: 100%; border-radius: 4px; background: currentColor; opacity: .72; }
.la-bars p { grid-column: 1 / -1; margin: 0 0 6px; font-size: 13px; opacity: .72; }
.la-log { margin: 0; padding: 0; list-style: none; font-size: 14px; display: grid; gap: 8px; }
.la-log small { opacity: .72; } .la-log .la-undone > span { text-decoration: line-through; }
</style>
"""


def view(seen: Seen, row: int) -> str:
    """Says on the page which image is shown."""
    image_id = escape(str(seen.opened.dataset.table["image_id"].iat[row]), quote=True)
    return f'<div class="la-view" data-id="{image_id}" data-image="{row}"></div>'


def steps(seen: Seen, row: int, found: tuple[str, Part] | None) -> str:
    """Previous and next in the list (its name and rows) that the image stands in, and where it stands there."""
    if found is None:
        return ""
    name, part = found
    places = part.rows.tolist()
    at = places.index(row)
    before = _step(seen, places[at - 1], name, "previous") if at > 0 else ""
    after = _step(seen, places[at + 1], name, "next") if at + 1 < len(places) else ""
    where = f'data-among="{escape(name, quote=True)}" data-place="{part.first + at}"'
    ends = f'data-first="{part.first}" data-last="{part.first + len(places) - 1}"'
    words = f"<span>{part.first + at + 1:,} of {part.total:,}</span>"
    return f'<div class="la-step" {where} {ends}>{before}{words}{after}</div>'


def _step(seen: Seen, row: int, among: str, way: str) -> str:
    words = "← Previous" if way == "previous" else "Next →"
    return f'<a {image_link(seen, row, among)} data-step="{way}">{words}</a>'


def large(seen: Seen, row: int) -> str:
    """The image itself, or its path where there are no pixels."""
    table = seen.opened.dataset.table
    path = for_html(table["path"].iat[row], limit=LONG)
    if not seen.has_images:
        return f'<div class="la-none">{path}<br>This data set holds no pixels.</div>'
    width = int(table["width"].iat[row]) if "width" in table else TINY
    kind = "la-large la-tiny" if 0 < width < TINY else "la-large"
    return f'<img class="{kind}" src="{image_url(seen.opened, row)}" alt="The image {path}">'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with what they say, escaped already, as a list."""
    return f'<dl class="la-facts">{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs)}</dl>'


def labels(seen: Seen, row: int, *, truth: bool = True) -> list[tuple[str, str]]:
    """Given, suggested, predicted and, where it is known, true label; without `truth` not that."""
    c, classes = seen.columns, seen.classes
    made = [("Given label", f"<b>{for_html(classes[c.given[row]])}</b>")]
    if c.suggested[row] != c.given[row]:
        made.append(("Suggested", for_html(classes[c.suggested[row]])))
    made.append(("Predicted", for_html(classes[c.predicted[row]])))
    true = seen.opened.dataset.true
    if true is not None and truth:
        known = true[row] >= 0
        made.append(("True label", f"<b>{for_html(classes[true[row]])}</b>" if known else "not known"))
    return made


def metadata(seen: Seen, row: int, size: int | None) -> list[tuple[str, str]]:
    """Path, size, and every other column of the data set's table."""
    record = seen.opened.dataset.table.iloc[row]
    made = [("Path", for_html(record["path"], limit=LONG))]
    if record["image_id"] != record["path"]:
        made.append(("Image id", for_html(record["image_id"], limit=LONG)))
    if "width" in record and int(record["width"]) > 0:
        made.append(("Size", f"{int(record['width']):,} × {int(record['height']):,} pixels"))
    if size is not None:
        made.append(("File", f"{size / 1024:,.1f} KiB"))
    others = [name for name in record.index if name not in OWN]
    return made + [(for_html(name), for_html(record[name], limit=LONG)) for name in others if _says(record[name])]


def _says(value: object) -> bool:
    return value is not None and value == value and str(value) != ""  # noqa: PLR0124  # NaN is not itself


def bars(rows: Iterable[tuple[str, float, str, str]]) -> str:
    """(name, 0..1, number in words, explanation) as bars; names and explanations escaped already."""
    made = []
    for name, value, words, plain in rows:
        width = f"{min(1.0, max(0.0, value)) * 100:.1f}%"
        made.append(f'<span title="{name}">{name}</span><i><b style="width:{width}"></b></i><span>{words}</span>')
        made.append(f"<p>{plain}</p>" if plain else "")
    return f'<div class="la-bars">{"".join(made)}</div>'


def choices(found: Sequence[tuple[str, float | None]]) -> str:
    """The model's best classes; without a bar where the predictions are classes only."""
    if any(p is None for _, p in found):
        return facts([("The model says", ", ".join(for_html(name) for name, _ in found))])
    return bars((for_html(name), p or 0.0, percent(p or 0.0), "") for name, p in found)


def doubts(found: Sequence[Doubt]) -> str:
    """Every scorer's suspicion with what it means."""
    return bars(
        (
            for_html(one.title),
            one.value,
            f"{one.value:.2f}",
            f"{for_html(one.plain, limit=LONG)} More than {percent(one.above)} of all images.",
        )
        for one in found
    )


def alike(seen: Seen, row: int, near: Sequence[tuple[int, float]]) -> list[str]:
    """Cards of other images with their given label, bold where it is another one, and the similarity."""
    given = seen.columns.given
    made = []
    for other, similarity in near:
        name = for_html(seen.classes[given[other]], limit=40)
        shown = name if given[other] == given[row] else f"<b>{name}</b>"
        number = f'<i title="cosine similarity">{similarity:.3f}</i>'
        says = f"labelled {name}, similarity {similarity:.3f}"
        made.append(
            card(seen, other, f'<div class="la-names"><span><div>{shown}</div></span>{number}</div>', says=says)
        )
    return made


def log(events: pd.DataFrame) -> str:
    """What people said of the image, newest first: who, what, when, the note, and what was taken back."""
    return f'<ol class="la-log">{"".join(_event(one) for one in events.iloc[::-1].itertuples())}</ol>'


def _event(one: object) -> str:
    verdict = getattr(one, "verdict", "")
    words = MARKS.get(verdict) or said(verdict, labels_of(getattr(one, "new_label", "")))
    who = f"<b>{for_html(getattr(one, 'reviewer', ''), limit=40)}</b>"
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(getattr(one, "decided_at", 0.0)))
    note = getattr(one, "note", "")
    purpose = getattr(one, "purpose", "")
    extra = [f"in {for_html(getattr(one, 'queue', ''), limit=40)}"] if getattr(one, "queue", "") else []
    extra += [{"adjudicate": "settles a disagreement"}.get(purpose, "measures the reviewer only")] if purpose else []
    undone = getattr(one, "undone", False)
    extra += ["undone"] if undone else []
    said_note = f"<div>“{for_html(note, limit=LONG)}”</div>" if note else ""
    tail = "".join(f", {part}" for part in extra)
    kind = ' class="la-undone"' if undone else ""
    return f"<li{kind}><span>{who}: {for_html(words, limit=120)}</span> <small>{when}{tail}</small>{said_note}</li>"
