"""The ReviewDeck: the judging loop in the browser. Python gives windows of images, routes book the decisions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.server import urls
from dashboard.server.opened import Opened
from dashboard.server.security import TOKEN

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Reference:
    """Images of one class to compare with: the class, addresses of thumbnails, and whether people verified them
    (else the model is surest of them)."""

    label: str
    thumbs: list[str]
    verified: bool = False


@dataclass(frozen=True)
class Item:
    """One image to judge. `n` is its position in the queue, `row` that in the data set, `choices` are (class,
    probability), most likely first; the probability is None where the predictions are classes only.

    `suspicion` is in 0..1, higher = more suspicious; `kind` says in words whether the suggestion leaves the community,
    `across` is true where it does. `image` and `thumb` are addresses, None where the data set holds no pixels.
    `purpose` is "", "known", "repeat" or "adjudicate" and is never shown; `excluded` says whether the image is marked
    as not to be trained on; `others` are [reviewer, what they said] and are sent only to who settles a disagreement;
    `guideline` is what the team wrote down for this pair of classes.
    """

    n: int
    row: int
    id: str
    image: str | None
    thumb: str | None
    given: str
    suggested: str
    choices: list[tuple[str, float | None]]
    suspicion: float
    kind: str
    reasons: str
    references: list[Reference] = field(default_factory=list)
    across: bool = False
    purpose: str = ""
    excluded: bool = False
    others: list[list[str]] = field(default_factory=list)
    guideline: str = ""


@dataclass(frozen=True)
class Window:
    """A piece of a queue: its name (a new one whenever the order is made anew), length and some of its images.

    `already` counts the images of the queue that were judged before it was put in order; they are not part of it.
    `skipped` counts those that were skipped: the last ones of the order, offered again. `tag` says which queue it is,
    whatever its order, and goes into every decision. An image is judged by `opinions` different people; `adjudicate`
    is true where they disagreed and somebody settles it.
    """

    queue: str
    total: int
    already: int
    skipped: int
    items: list[Item]
    tag: str = ""
    opinions: int = 1
    adjudicate: bool = False


def _cascade(path: Path) -> tuple[bool, str]:
    """The deck's own looks first: those of its parts build on them."""
    return path.name != "review_deck.css", path.name


_mount = st.components.v2.component(
    "lookalike_review_deck",
    html=(_HERE / "review_deck.html").read_text(encoding="utf-8"),
    css="\n".join(path.read_text(encoding="utf-8") for path in sorted(_HERE.glob("*.css"), key=_cascade)),
    js=urls.LOADER,
)


def wanted(key: str) -> dict[str, Any] | None:
    """What the deck asks for: the `queue` it shows and from which position (`start`) it needs images."""
    state = st.session_state.get(key)
    want = state.get("want") if state else None
    return want if isinstance(want, dict) else None


def review_deck(
    opened: Opened, window: Window, *, reviewer: str, run_id: str, key: str, proof: str | None = None
) -> None:
    """Mount the deck on a window of images. Decisions do not come back here: they go to the route, which books them.

    `proof`: that the reviewer is the account which is signed in; None where there is no sign-in.
    """
    _mount(
        key=key,
        data={
            **asdict(window),
            "workspace": opened.key,
            "reviewer": reviewer,
            "proof": proof,
            "run_id": run_id,
            "token": TOKEN,
            "script": urls.script_url("review_deck", "deck.js"),
            "decisions": urls.decisions_url(opened),
            "lease": urls.lease_url(opened),
            "classes": urls.classes_url(opened),
        },
        default={"want": None, "saved": 0},
        on_want_change=lambda: None,
        on_saved_change=lambda: None,
    )
