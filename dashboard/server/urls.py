"""The addresses of our own routes, base path included: built here, so that pages and routes cannot disagree."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from analysis.base.arrays import digest_of
from dashboard.server.opened import Opened

COMPONENTS = Path(__file__).parents[1] / "components"  # *.js in the folders there are served as modules
# The inline script of a component whose modules are served; its data names the first one (`script_url`). What stands
# inline is sent again with every change of data, and modules split over files cannot be inline.
LOADER = """
export default async function (component) {
  const place = component.parentElement;
  place.newest = component; // calls that wait for the first import do not end in the order in which they came
  const { mount } = await import(new URL(component.data.script, document.baseURI).href);
  return mount(place.newest);
}
"""


def prefix() -> str:
    """The path below which the app is served: '' or '/something'."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def thumb_url(opened: Opened, row: int) -> str:
    """A small version of the image in that row."""
    return f"{prefix()}/thumb/{opened.key}/{row}"


def image_url(opened: Opened, row: int) -> str:
    """The image in that row, as large as a screen needs."""
    return f"{prefix()}/image/{opened.key}/{row}"


def decisions_url(opened: Opened) -> str:
    """Where decisions are sent to."""
    return f"{prefix()}/decisions/{opened.key}"


def lease_url(opened: Opened) -> str:
    """Where images are asked for before they are shown, so that two people never judge the same one."""
    return f"{prefix()}/lease/{opened.key}"


def classes_url(opened: Opened) -> str:
    """The class names as a JSON list."""
    return f"{prefix()}/classes/{opened.key}"


def script_url(component: str, name: str) -> str:
    """A module of one of our components. The address changes with the content of any of them, because they import
    each other: a browser never mixes versions."""
    return f"{prefix()}/scripts/{scripts_version()}/{component}/{name}"


def scripts() -> dict[str, Path]:
    """All modules by "component/name"."""
    return {path.relative_to(COMPONENTS).as_posix(): path for path in sorted(COMPONENTS.glob("*/*.js"))}


@cache
def scripts_version() -> str:
    """A digest of all modules."""
    return digest_of(*(part for name, path in scripts().items() for part in (name, path.read_bytes())))[:12]
