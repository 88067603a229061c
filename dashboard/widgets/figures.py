"""The figures of the Overview: what was analysed, how good it is, how far the review is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.base.arrays import wilson
from analysis.review.audit import AuditResult
from analysis.review.said import RIGHT, WRONG
from dashboard import loaders
from dashboard.advice import Reviewed
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, duration, for_markdown, interval, percent

LONG = 400
WHOSE = {
    "imported": "your own predictions",
    "features": "each image predicted by its likeness to the others, in your own features",
}


def what_was_analysed(seen: Seen, summary: dict[str, Any]) -> str:
    """One line, in Markdown: images, classes, source, and whose predictions."""
    facts = loaders.workspace(seen.path).facts()
    whose = WHOSE.get(summary["mode"], "held-out predictions of a model trained here")
    return (
        f"{count(summary['n_images'], 'image')} in {count(summary['n_classes'], 'class', 'classes')} from "
        f"{for_markdown(facts['source'], limit=80)}, with {whose}."
    )


def how_made(seen: Seen, summary: dict[str, Any]) -> None:
    """The details that let somebody repeat it: model, mode, device, times, notes."""
    facts = loaders.workspace(seen.path).facts()
    seconds = summary["seconds"]
    lines = {
        "Read by": facts["reader"],
        "Model": summary["model"],
        "Mode": summary["mode"],
        "Device": summary["device"],
        "Time": f"{duration(sum(seconds.values()))}, of which {_longest(seconds)}" if seconds else "unknown",
        "Run": seen.run.run_id,
    }
    notes = dict.fromkeys([summary["why"], summary["graph_note"], *summary["notes"]])
    with st.expander("How was this made?"):
        shown = [f"- {name}: {for_markdown(value, limit=LONG)}" for name, value in lines.items() if value]
        st.markdown("\n".join(shown + [f"- {for_markdown(note, limit=LONG)}" for note in notes if note]))


def _longest(seconds: dict[str, float]) -> str:
    name = max(seconds, key=lambda step: seconds[step])
    return f"{duration(seconds[name])} {name}"


def reviewed(seen: Seen) -> Reviewed:
    """How far the suspects are judged."""
    verdict = loaders.said(seen.path).verdict[seen.columns.is_suspect]
    wrong, right = (int(np.count_nonzero(verdict == code)) for code in (WRONG, RIGHT))
    return Reviewed(len(verdict), wrong + right, wrong)


def figures(summary: dict[str, Any], done: Reviewed, audit: AuditResult | None = None) -> None:
    """Five numbers, each with what it means and how sure it is."""
    one, two, three, four, five = st.columns(5, gap="medium")
    accuracy = summary["accuracy"]
    one.metric(
        "Predicted as labelled",
        percent(accuracy["value"]),
        help="Held-out accuracy against the given labels: no image was predicted by a model that trained on it. "
        "Wrong labels count against it.",
    )
    one.caption(f"95 % interval {interval(accuracy['low'], accuracy['high'])}")
    two.metric("Suspected wrong labels", f"{summary['n_suspects']:,}", help="Flagged by confident learning.")
    two.caption(f"{percent(summary['share_suspects'])} of all images")
    with three:
        _share_wrong(summary.get("estimated_wrong"), audit)
    four.metric(
        "Communities", f"{summary['n_communities']:,}", help="Groups of classes that are confused with each other."
    )
    four.caption(
        f"modularity {summary['modularity']:.2f}, {percent(summary['mass_kept'], digits=0)} of the confusion kept"
    )
    five.metric("Suspects judged", f"{done.judged:,} of {done.suspects:,}")
    if done.judged:
        low, high = wilson(done.wrong, done.judged)
        five.caption(f"{percent(done.wrong / done.judged, digits=0)} of them wrong, {interval(low, high)}")
    else:
        five.caption("none yet")


def _share_wrong(estimate: dict[str, Any] | None, audit: AuditResult | None) -> None:
    """The share of wrong labels: what a random audit measured comes first, beside what the model makes believe."""
    guess = f"{percent(estimate['value'])} ({interval(estimate['low'], estimate['high'])})" if estimate else ""
    if audit is not None and audit.share_wrong is not None:
        st.metric("Wrong labels, measured", percent(audit.share_wrong), help=f"{audit.judged:,} of a random audit.")
        st.caption(f"95 % interval {interval(*audit.share_interval)}" + (f"; estimate {guess}" if guess else ""))
        return
    st.metric(
        "Wrong labels, estimated",
        percent(estimate["value"]) if estimate else "–",
        help="Estimated share of wrong labels, flagged or not, from how the model and the neighbours take labels that "
        "are surely wrong. Errors that look like the model's usual doubts are told too low, a weak model's sure "
        "mistakes too high: a hint. A random audit, drawn on the Review page, measures it.",
    )
    st.caption(f"95 % interval {interval(estimate['low'], estimate['high'])}" if estimate else "not estimated")


def detection(seen: Seen, summary: dict[str, Any]) -> None:
    """Where the true labels are known: how well the wrong ones are found, beside plain disagreement."""
    found = summary.get("detection")
    if not found:
        return
    planted = loaders.dataset(seen.path).about.get("planted")
    st.subheader("How well are wrong labels found?", anchor=False)
    if planted:
        st.markdown(f"This is a demonstration. {for_markdown(planted.get('sentence', ''), limit=LONG)}")
    else:
        known = count(int(found["n_planted"]), "label")
        st.markdown(f"The true labels of this data set are known: {known} differ from the given ones.")
    table = pd.DataFrame(
        {
            "Finder": ["This analysis", "Plain disagreement: predicted is not given"],
            "Precision": [_hundred(found.get("precision")), _hundred(found.get("baseline_precision"))],
            "Recall": [_hundred(found.get("recall")), _hundred(found.get("baseline_recall"))],
            "Average precision": [found.get("average_precision"), found.get("baseline_average_precision")],
        }
    )
    share = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        table,
        hide_index=True,
        width="content",
        column_config={
            "Precision": share,
            "Recall": share,
            "Average precision": st.column_config.NumberColumn(
                format="%.3f", help="Over the whole ranking, 0 to 1: 1 puts every wrong label first."
            ),
        },
    )
    parts = [
        f"Precision: of the suspects, how many are wrong. Recall: of the {found['n_planted']:,} wrong labels, how many"
    ]
    parts.append("are suspects.")
    if found.get("precision_at_n") is not None:
        first = percent(found["precision_at_n"], digits=0)
        parts.append(f"Among the {found['n_planted']:,} most suspicious images {first} are wrong.")
    st.caption(" ".join(parts))


def _hundred(share: float | None) -> float | None:
    return None if share is None else share * 100


def set_aside(seen: Seen) -> None:
    """The images that could not be used, with the reason."""
    table = loaders.workspace(seen.path).set_aside()
    if table.empty:
        return
    with st.expander(f"{count(len(table), 'image was', 'images were')} set aside"):
        shown = pd.DataFrame(
            {
                "Image": [clean(path, limit=200) for path in table["path"]],
                "Reason": [clean(reason, limit=LONG) for reason in table["reason"]],
            }
        )
        st.dataframe(shown, hide_index=True)
