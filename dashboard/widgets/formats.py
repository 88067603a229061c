"""The choice of a format and of its options, drawn from what the exporters say of themselves."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from analysis.base.config import Settings
from analysis.base.errors import UserError
from analysis.review.exporter import EXPORTERS, Export, Exporter, missing, options_of, ready

GROUPS = {"tables": "Table", "patch": "Patch", "training": "Training", "tools": "Other tools"}
FIRST = "csv"
MOST_IMAGES = 2_000  # in a download; above it the browser would wait and hold them all in memory
MOST_BYTES = 200 << 20


def format_choice() -> Exporter:
    """One format of all that are registered, by purpose, with a line on each."""
    by_group = sorted(
        EXPORTERS.items(), key=lambda item: (list(GROUPS).index(item[1].group), item[0] != FIRST, item[0])
    )
    specs = dict(by_group)
    name = st.selectbox("Format", list(specs), key="export.format", format_func=lambda key: described(specs[key]))
    for broken, reason in EXPORTERS.unavailable().items():
        st.caption(f"The format {broken} is not available: {reason}")
    return specs[name]


def described(spec: Exporter) -> str:
    """A format in one line."""
    lacking = " (not available)" if missing(spec) else ""
    return f"{GROUPS[spec.group]} · {spec.title} – {spec.summary}{lacking}"


def options_form(spec: Exporter) -> Settings:
    """The options of a format, a control each."""
    fields = spec.options.model_fields
    if not fields:
        return options_of(spec, None)
    columns = st.columns(max(2, len(fields)))
    asked = {
        name: _control(column, field, name, f"export.{spec.name}.{name}")
        for column, (name, field) in zip(columns, fields.items(), strict=False)
    }
    return options_of(spec, asked)


def _control(column: Any, field: FieldInfo, name: str, key: str) -> Any:
    label, choices = field.title or name.capitalize(), get_args(field.annotation)
    if choices:
        chosen = column.selectbox(label, choices, index=choices.index(field.default), key=key)
    elif field.annotation is bool:
        chosen = column.checkbox(label, value=field.default, key=key)
    else:
        chosen = column.text_input(label, value=str(field.default), key=key)
    column.caption(field.description or "")
    return chosen


def why_not(spec: Exporter, export: Export, options: Settings) -> str:
    """Why this format cannot be written here, hostile until escaped; "" where it can."""
    try:
        ready(export, spec, options)
    except UserError as error:
        return str(error)
    return ""


def why_no_download(spec: Exporter, export: Export, options: Settings) -> str:
    """Why it is only written to a folder; "" where it can be downloaded too."""
    if export.pictures is None or not spec.copies(export, options):
        return ""
    n = len(export.labels)
    if n <= MOST_IMAGES and export.pictures.size(export.labels["image_id"].tolist()) <= MOST_BYTES:
        return ""
    return (
        f"With its {n:,} images it is only written to a folder: a download holds at most {MOST_IMAGES:,} images and "
        f"{MOST_BYTES >> 20} MB, because your browser and the server would hold them in memory."
    )
