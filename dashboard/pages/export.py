"""Export: first what changes and why, then the format, then download it or write it beside the runs."""

from __future__ import annotations

import streamlit as st

from analysis.base.errors import UserError
from analysis.review.apply import ExportPolicy
from analysis.review.columns import STATUS
from analysis.review.exporter import EXPORTERS, Export, new_export, zip_export
from analysis.review.standing import JUDGEMENTS
from dashboard import loaders, state
from dashboard.widgets.changes import changes_table, conflicts_table, problems_table
from dashboard.widgets.frame import PAGES, finished_run
from dashboard.widgets.text import count, for_markdown

WRITTEN = "export.written"
OPEN = ("skip", "unsure")  # verdicts that judge nothing
KEPT = {"keep": "Keep the given label, marked", "drop": "Leave the image out"}
POLICIES = {"several": "Several labels fit", "none_fits": "No label fits", "unsure": "The reviewer was unsure"}


def policy_choice() -> ExportPolicy:
    """What happens to images whose decision names no single new label."""
    with st.expander("Images without a single right label"):
        columns = st.columns(3)
        chosen = {
            name: column.radio(says, list(KEPT), format_func=KEPT.__getitem__, key=f"export.{name}")
            for column, (name, says) in zip(columns, POLICIES.items(), strict=True)
        }
        st.caption("Images that were skipped or not judged at all keep their given label and are marked unreviewed.")
    return ExportPolicy.model_validate(chosen)


def judged_and_open(export: Export) -> tuple[int, int]:
    """Images with a judgement in force, and images that were looked at without one: skipped, or the reviewer unsure."""
    by_status = export.provenance["counts"]["by_status"]
    changes = export.tables["changes"]
    dropped = changes.loc[changes["action"] == "drop", "verdict"]
    judged = sum(by_status.get(STATUS[verdict], 0) for verdict in JUDGEMENTS) + int(dropped.isin(JUDGEMENTS).sum())
    open_ones = sum(by_status.get(STATUS[verdict], 0) for verdict in OPEN) + int(dropped.isin(OPEN).sum())
    return judged, open_ones


def headline(export: Export) -> None:
    """The difference in one sentence, then the figures behind it."""
    facts = export.provenance["counts"]
    moved, dropped = facts["by_action"].get("relabel", 0), facts["by_action"].get("drop", 0)
    marked, (judged, open_ones) = facts["by_action"].get("mark", 0), judged_and_open(export)
    classes = count(facts["classes_touched"], "class", "classes")
    change = "change" if moved != 1 else "changes"
    st.header(f"{count(moved, 'label')} {change} in {classes}" if moved else "No label changes yet", anchor=False)
    parts = [f"{count(judged, 'image')} judged"] + ([f"{open_ones:,} skipped"] if open_ones else [])
    parts += [f"{count(facts['n_labels'], 'image')} in the exported list"]
    parts += [f"{marked:,} marked (several or no label fits)"] if marked else []
    parts += [f"{dropped:,} left out"] if dropped else []
    st.caption(" · ".join(parts))
    if not judged:
        st.info("Nothing is judged yet: the export would be the list as it was given.")
        if st.button("Judge the suspects", type="primary", key="export.review"):
            st.switch_page(f"{PAGES}/review.py")


def take_away(export: Export, path: str) -> None:
    """The format, the download and the folder."""
    st.subheader("Take it away", anchor=False)
    specs = dict(EXPORTERS.items())
    name = st.segmented_control(
        "Format",
        list(specs),
        default=next(iter(specs)),
        required=True,
        key="export.format",
        format_func=lambda key: specs[key].title,
    )
    st.caption(specs[name].reading)
    workspace = loaders.workspace(path)
    with st.container(horizontal=True):
        st.download_button(
            "Download (zip)",
            data=lambda: zip_export(export, name),
            file_name=f"{workspace.path.name}_{name}.zip",
            mime="application/zip",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="export.download",
        )
        if st.button("Write into the workspace", icon=":material/folder:", key="export.write"):
            try:
                st.session_state[WRITTEN] = str(new_export(export, name, workspace.path / "exports"))
            except UserError as error:
                st.session_state.pop(WRITTEN, None)
                st.error(for_markdown(error, limit=600))
    if WRITTEN in st.session_state:
        st.success("Written to this folder:")
        st.code(st.session_state[WRITTEN], language=None)


def main() -> None:
    """Draw the page."""
    st.title("Export", anchor=False)
    st.caption(
        "The given labels with your decisions applied: what changes, by whom and why, before anything is written."
    )
    path = str(state.workspace())
    run = finished_run(path)
    state.sync_url("export")
    summary = st.container()
    policy = policy_choice()
    export = loaders.export(path, run.run_id if run else None, policy)
    with summary:
        headline(export)
        changes_table(export, path)
    problems_table(export)
    conflicts_table(export)
    take_away(export, path)


main()
