"""What an export comes to: the difference in a headline, and what happens to images without one right label."""

from __future__ import annotations

import streamlit as st

from analysis.review.apply import ExportPolicy
from analysis.review.exporter import Export
from dashboard.widgets.frame import PAGES
from dashboard.widgets.text import count

KEPT = {"keep": "Keep, marked", "drop": "Leave out"}
POLICIES = {
    "unreviewed": "Nobody has judged it",
    "several": "Several labels fit",
    "none_fits": "No label fits",
    "unsure": "The reviewer was unsure",
    "excluded": "Not to be trained on",
}


def policy_choice() -> ExportPolicy:
    """What happens to images that have no single right label."""
    defaults = ExportPolicy()
    with st.expander("Images without one right label: keep or leave out"):
        columns = st.columns(len(POLICIES))
        chosen = {
            name: column.radio(
                says,
                list(KEPT),
                index=list(KEPT).index(getattr(defaults, name)),
                format_func=KEPT.__getitem__,
                key=f"export.{name}",
            )
            for column, (name, says) in zip(columns, POLICIES.items(), strict=True)
        }
        st.caption("What is kept has its given label and a mark: status, or excluded. Skipped counts as not judged.")
    return ExportPolicy.model_validate(chosen)


def headline(export: Export) -> None:
    """The difference in one sentence, the figures behind it, and in words what happens to everything else."""
    facts = export.provenance["counts"]
    moved, dropped = facts["by_action"].get("relabel", 0), facts["by_action"].get("drop", 0)
    marked, judged, left_open = facts["by_action"].get("mark", 0), facts["judged"], facts["left_open"]
    classes = count(facts["classes_touched"], "class", "classes")
    change = "change" if moved != 1 else "changes"
    st.header(f"{count(moved, 'label')} {change} in {classes}" if moved else "No label changes yet", anchor=False)
    parts = [f"{count(judged, 'image')} judged"] + ([f"{left_open:,} skipped or unsure"] if left_open else [])
    parts += [f"{count(facts['n_labels'], 'image')} in the exported list"]
    parts += [f"{marked:,} marked (several or no label fits)"] if marked else []
    parts += [f"{dropped:,} left out"] if dropped else []
    st.caption(" · ".join(parts))
    if not judged:
        st.info("Nothing is judged yet: the export would be the list as it was given.")
        if st.button("Judge the suspects", type="primary", key="export.review"):
            st.switch_page(f"{PAGES}/review.py")
    sentences = export.provenance["images_without_one_label"]
    if sentences:
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
