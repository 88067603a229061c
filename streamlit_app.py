"""The door of the dashboard: page settings, the choice of a workspace, the pages – a router, nothing else.

Streamlit imports this file once as a module, for the server (`app`), and runs it as a script for every visitor.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard import door
from dashboard.components.image_opener.image_opener import hear
from dashboard.server.routes import routes
from dashboard.server.security import Guard
from dashboard.widgets.image_detail import image_detail
from dashboard.widgets.link_note import say_left_out

HERE = Path(__file__).resolve().parent

PAGES = {  # group: (file, title, icon); the first page is where one arrives
    "Look": [
        ("overview", "Overview", ":material/dashboard:"),
        ("confusion", "Confusion", ":material/grid_on:"),
        ("communities", "Communities", ":material/hub:"),
        ("map", "Map", ":material/scatter_plot:"),
        ("problems", "Data problems", ":material/broken_image:"),
        ("models", "Models", ":material/leaderboard:"),
    ],
    "Judge": [("review", "Review", ":material/rule:"), ("team", "Team", ":material/group:")],
    "Take away": [("export", "Export", ":material/output:")],
}


def main() -> None:
    """Draw the page that the visitor is on."""
    st.set_page_config(page_title="Lookalike", page_icon=str(HERE / "assets" / "icon.png"), layout="wide")
    is_open = door.enter()
    pages = {
        group: [
            st.Page(HERE / "dashboard" / "pages" / f"{name}.py", title=title, icon=icon, default=name == "overview")
            for name, title, icon in entries
        ]
        for group, entries in PAGES.items()
    }
    page = st.navigation(pages, position="sidebar" if is_open else "hidden")
    if not is_open:
        door.choose()
        return
    door.style()
    unseen = st.container(key="unseen")  # before the page: what stands at a fixed place is not made anew with it
    with unseen:
        hear()
    above = st.container()
    page.run()
    with above:
        say_left_out()
    with unseen:
        image_detail()
    door.sidebar()


if __name__ == "__main__":  # as a script; as a module only the server below is made
    main()
else:
    app = st.App(HERE / "streamlit_app.py", routes=routes(), middleware=[Middleware(Guard)])
