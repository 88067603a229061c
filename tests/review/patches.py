"""Patches in few words, and any patch at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from analysis.review.patch import Change, Patch, Said

NASTY = [
    "=1+1",
    'say "hi", you',
    "two\nlines",
    "cr\rlf\r\n",
    "ünïcødé 猫",
    "../../up",
    "a\u2028b",
    "<img src=x>",
    "\x1b[31m",
]
text = st.text(st.characters(codec="utf-8"), max_size=12)


def change(image_id: str, old: str = "cat", new: str = "dog", **more: Any) -> Change:
    """A relabel from cat to dog, or what `more` says."""
    return Change(**{"image_id": image_id, "path": image_id, "action": "relabel", "old": old, "new": new, **more})


def patch(*changes: Change, classes: tuple[str, ...] = ("cat", "dog", "fox"), **more: Any) -> Patch:
    """A patch of these changes."""
    return Patch(classes=classes, changes=changes, fingerprint=more.pop("fingerprint", "f"), **more)


@st.composite
def any_patch(draw: st.DrawFn) -> Patch:
    """Every action on images of every name, with classes as hostile."""
    names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
    classes = tuple(draw(st.lists(text, min_size=2, max_size=6, unique=True)))
    changes = []
    for image_id in draw(st.lists(names, max_size=6, unique=True)):
        action = draw(st.sampled_from(["relabel", "drop", "mark"]))
        old, other = draw(st.permutations(classes))[:2]
        said = st.builds(Said, text, st.just("relabel"), text, text)
        changes.append(
            Change(
                image_id=image_id,
                path=draw(text),
                action=action,
                old=old,
                new={"relabel": other, "drop": "", "mark": old}[action],
                labels=tuple(draw(st.lists(st.sampled_from(classes), max_size=3, unique=True))),
                excluded=draw(st.booleans()),
                note=draw(text),
                suspicion=draw(st.none() | st.floats(0, 1)),
                others=tuple(draw(st.lists(said, max_size=2))),
            )
        )
    return Patch(classes=classes, changes=tuple(changes), data_set=draw(text), about={"a": 1})
