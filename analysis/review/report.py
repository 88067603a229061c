"""One page for a colleague: what was analysed, how good the labels are, what people decided. One HTML file, no network.

Every name comes from strangers: it is escaped here, and the page forbids itself scripts and foreign addresses.
"""

from __future__ import annotations

import base64
import html
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.errors import UserError
from analysis.base.types import Dataset
from analysis.data.images import MEDIA_TYPE, ImageStore
from analysis.review.agreement import overall
from analysis.review.audit import AuditResult, audit_result
from analysis.review.decisions import DecisionStore
from analysis.review.drawn import drawn_audits
from analysis.review.gather import Only, gather
from analysis.review.report_figures import Figures, figures_of
from analysis.review.said import RIGHT, WRONG, Said, said_of
from analysis.runs.run import Run
from analysis.runs.workspace import Workspace

PAIRS, THUMBS, COMMUNITIES, CHANGES = 5, 3, 8, 20  # what fits on a page
SIDE = 72  # pixels of a thumbnail
LONGEST = 80
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, direction overrides, surrogates, private use
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1b1b1f;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}.more{color:#55555f}
.figures{display:flex;flex-wrap:wrap;gap:2rem;margin:1rem 0}.figures b{display:block;font-size:1.5rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid #d8d8de;vertical-align:middle;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}img{height:48px;margin-right:4px;image-rendering:auto}
@media print{body{margin:0;max-width:none;font-size:11px}tr,h2{break-inside:avoid;break-after:avoid}}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, eq=False)
class _Facts:
    workspace: Workspace
    run: Run
    store: DecisionStore
    dataset: Dataset
    current: pd.DataFrame  # what people said of these images
    said: Said
    figures: Figures
    only: Only | None


def report(
    workspace: Workspace,
    store: DecisionStore,
    run: Run,
    *,
    images: ImageStore | None = None,
    only: Only | None = None,
) -> str:
    """The page as HTML. `images` gives the few thumbnails; without it, or without pixels, there are none. With `only`
    every figure is of those images, and what can only be said of the whole data set is left out."""
    facts = _facts(workspace, store, run, only=only)
    images = images if facts.dataset.pixels.kind != "none" else None
    audit = newest_audit(store, facts.dataset, facts.said) if only is None else None
    parts = [
        _head(facts),
        _figures(facts, audit),
        _pairs(facts, images),
        _communities(facts),
        _decisions(facts, audit),
        _changes(facts),
        _provenance(facts),
    ]
    title = f"Label report: {text(workspace.facts()['name'])}"
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head += '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light">'
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _facts(workspace: Workspace, store: DecisionStore, run: Run, *, only: Only | None) -> _Facts:
    dataset, current = workspace.dataset(), store.current()
    ids = pd.Index(dataset.table["image_id"].to_numpy(object))
    keep: NDArray[np.bool_] | None = None if only is None else only.keep
    if keep is not None:
        current = current[current["image_id"].isin(set(ids[keep]))]
    scores = run.table("scores", ["predicted", "suspicion", "is_suspect"])
    found = figures_of(scores, dataset.given, run.table("classes", ["community"])["community"], keep=keep)
    return _Facts(workspace, run, store, dataset, current, said_of(current, ids), found, only)


def newest_audit(store: DecisionStore, dataset: Dataset, said: Said) -> AuditResult | None:
    """What the newest random audit says that has a judgement; None without any."""
    for audit in drawn_audits(store, dataset.table["image_id"].to_numpy(object)):
        found = audit_result(audit, said.verdict)
        if found.rate is not None:
            return found
    return None


def text(name: object, *, limit: int = LONGEST) -> str:
    """One printable line as text of an HTML page, at most `limit` characters before it is escaped."""
    line = " ".join("".join(" " if c.isspace() else c for c in str(name) if _is_shown(c)).split())
    return html.escape(line if len(line) <= limit else line[: limit - 1] + "…") or "(no name)"


def _is_shown(c: str) -> bool:
    return c.isspace() or unicodedata.category(c) not in _DROPPED


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _between(low: float, high: float) -> str:
    return f"95 % interval {low * 100:.1f} to {high * 100:.1f} %"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; heads that begin with # are of numbers."""
    kinds = [' class="n"' if head.startswith("#") else "" for head in heads]
    top = "".join(f'<th scope="col"{kind}>{head.lstrip("#")}</th>' for head, kind in zip(heads, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _head(facts: _Facts) -> str:
    about, summary = facts.workspace.facts(), facts.run.json("summary")
    given = {"imported": "predictions that were given", "features": "features that were given"}
    whose = given.get(summary["mode"], f"the model {text(summary['model'])}")
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    part = ""
    if facts.only is not None:
        rule = text(facts.only.rule.get("where", ""), limit=400)
        part = f"<p>Every figure below is of the {len(facts.figures):,} images for which <b>{rule}</b>"
        part += ". The random audits and the estimated share of wrong labels are of all images and left out.</p>"
    return (
        f"<h1>{text(about['name'])}: how good are the labels?</h1>"
        f"<p>{summary['n_images']:,} images in {summary['n_classes']:,} classes from {text(about['source'])}, with "
        f'{whose}.</p>{part}<p class="more">Made by Lookalike on {day} UTC.</p>'
    )


def _figures(facts: _Facts, audit: AuditResult | None) -> str:
    found = facts.figures
    value, low, high = found.accuracy
    wrong = facts.run.json("summary").get("estimated_wrong") if facts.only is None else None
    cells = [("Predicted as labelled", _percent(value), _between(low, high))]
    if audit is not None and audit.share_wrong is not None:
        note = f"{_between(*audit.share_interval)}; random audit of {audit.judged:,} images"
        cells.append(("Wrong labels, measured", _percent(audit.share_wrong), note))
    if wrong:
        note = f"{_between(wrong['low'], wrong['high'])}; leans on the model, a hint"
        cells.append(("Wrong labels, estimated", _percent(wrong["value"]), note))
    share = f"{_percent(found.n_suspects / len(found))} of {'all' if facts.only is None else 'these'}"
    cells.append(("Suspected wrong labels", f"{found.n_suspects:,}", share))
    shown = "".join(f'<div>{name}<b>{value}</b><span class="more">{note}</span></div>' for name, value, note in cells)
    return f'<div class="figures">{shown}</div>'


def _pairs(facts: _Facts, images: ImageStore | None) -> str:
    worst, names = facts.figures.worst_pairs(PAIRS), facts.dataset.classes
    if not worst:
        return "<h2>Which classes are confused?</h2><p>No image was predicted as another class.</p>"
    rows = []
    for given, predicted, n in worst:
        at = facts.figures.most_suspicious(given, predicted, THUMBS) if images is not None else []
        pictures = "".join(_picture(images, row) for row in at if images is not None)
        rows.append([text(names[given]), text(names[predicted]), f"{n:,}", pictures])
    heads = ["Labelled", "Predicted", "#Images", "The most suspicious" if images is not None else ""]
    return "<h2>Which classes are confused?</h2>" + _table(heads, rows)


def _picture(images: ImageStore, row: int) -> str:
    try:
        data = images.thumbnail(row, SIDE)
    except (UserError, OSError):  # gone or broken since: the words stand without it
        return ""
    return f'<img alt="{text(images.name(row))}" src="data:{MEDIA_TYPE};base64,{base64.b64encode(data).decode()}">'


def _communities(facts: _Facts) -> str:
    rows = []
    for community, members, errors, images in facts.figures.worst_communities(COMMUNITIES):
        names = ", ".join(text(facts.dataset.classes[k], limit=28) for k in members[:6])
        names += f" and {len(members) - 6:,} more" if len(members) > 6 else ""
        rows.append([f"community {community + 1}", names, f"{errors:,}", _percent(errors / images)])
    if not rows:
        return ""
    return "<h2>Where does the model fail most?</h2>" + _table(["", "Classes", "#Errors", "#Error rate"], rows)


def _decisions(facts: _Facts, audit: AuditResult | None) -> str:
    if not len(facts.said.row):
        return "<h2>What did people decide?</h2><p>Nobody has judged an image yet.</p>"
    wrong, right = (int(np.count_nonzero(facts.said.verdict == code)) for code in (WRONG, RIGHT))
    n, people = wrong + right, len(set(facts.said.reviewer))
    images = f"{n:,} image{' was' if n == 1 else 's were'}"
    said = [f"{images} judged by {people:,} {'person' if people == 1 else 'people'}"]
    if n:
        said[0] += (
            f"; the given label was wrong in {wrong:,} of them ({_percent(wrong / n)}, {_between(*wilson(wrong, n))})"
        )
        said.append("Images were chosen because they looked suspicious: this is no share of all labels.")
    agreed = overall(facts.current)
    if agreed.found.raw is not None and agreed.n_reviewers > 1:
        beyond = (
            "" if agreed.found.kappa is None else f"; beyond chance ({text(agreed.measure)}) {agreed.found.kappa:.2f}"
        )
        said.append(
            f"On {agreed.found.n_images:,} images judged by several people they agree in {_percent(agreed.found.raw)} "
            f"of the pairs of opinions{beyond}."
        )
    if audit is not None:
        said.append(f"Random audit: {text(audit.sentence(), limit=1200)}")
    return "<h2>What did people decide?</h2>" + "".join(f"<p>{line}</p>" for line in said)


def _changes(facts: _Facts) -> str:
    table = gather(facts.workspace, facts.store, run=facts.run, only=facts.only).tables["changes"]
    if table.empty:
        return "<h2>Which labels change?</h2><p>None so far.</p>"
    first = table.sort_values("suspicion", ascending=False, kind="stable", na_position="last")[:CHANGES]
    rows = [
        [text(c.path), text(c.old), text(c.new) if c.new else "–", text(c.verdict), text(c.reviewer, limit=30)]
        for c in first.itertuples()
    ]
    words = f"{len(table):,} in all" + (f"; the {CHANGES} most suspicious" if len(table) > CHANGES else "")
    heads = ["Image", "Given label", "New label", "Verdict", "Reviewer"]
    return f'<h2>Which labels change?</h2><p class="more">{words}.</p>' + _table(heads, rows)


def _provenance(facts: _Facts) -> str:
    about, summary = facts.workspace.facts(), facts.run.json("summary")
    lines: dict[str, Any] = {
        "Run": facts.run.run_id,
        "Data set": f"{about['source']}, read by {about['reader']}, fingerprint {about['fingerprint']}",
        "Model": f"{summary['model']} ({summary['mode']})",
        "Device": summary["device"],
        "Set aside": f"{summary['n_set_aside']:,} images could not be used",
        "Decisions until event": facts.store.last_seq(),
        "Notes": " ".join(map(str, summary["notes"])),
    }
    rows = [[name, text(value, limit=400)] for name, value in lines.items() if value != ""]
    return "<h2>How was this made?</h2>" + _table(["", ""], rows)
