"""Lists of images with a problem of their own: groups of copies, and single images with the measure that lists them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.problems.alike import Groups
from analysis.problems.kinds import Kind
from dashboard import loaders, state
from dashboard.excluding import MOST
from dashboard.loaders_problems import Copies
from dashboard.selection import MOST_IMAGES, Filter
from dashboard.widgets.exclude import exclude_button
from dashboard.widgets.frame import PAGES
from dashboard.widgets.gallery import STYLE, card, grid
from dashboard.widgets.image_links import keep_list
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, for_html

GROUPS = 8  # on a page
CARDS = 12  # of one group
PER_PAGE = 36
LONG = 400


def judge_button(rows: NDArray[np.integer], *, key: str, small: bool = False) -> None:
    """Leads to the Review page with these images as its queue, the first ones where they are very many."""
    n = min(len(rows), MOST_IMAGES)
    label = "Judge this image" if n == 1 else f"Judge {'the first' if len(rows) > n else 'these'} {n:,} images"
    kind: Any = "secondary" if small else "primary"
    if st.button(label, key=key, type=kind, disabled=n == 0, icon=":material/rule:"):
        state.set_filter(Filter(images=tuple(int(row) for row in rows[:n])))
        st.switch_page(f"{PAGES}/review.py")


def _card(seen: Seen, row: int, *, words: str, number: str = "", among: str = "", strong: bool = False) -> str:
    """A card: the given label, a number or the split, and whether the image is excluded."""
    name = for_html(seen.classes[seen.columns.given[row]], limit=40)
    image_id = str(seen.opened.dataset.table["image_id"].iat[row])
    out = "<div>excluded</div>" if image_id in loaders.known(seen.path).excluded else ""
    shown = f"<b>{name}</b>" if strong else name
    tail = f"<i>{number}</i>" if number else ""
    caption = f'<div class="la-names"><span><div>{shown}</div>{words}{out}</span>{tail}</div>'
    return card(seen, row, caption, says=f"labelled {name}", among=among)


def _page(total: int, per_page: int, *, key: str) -> slice:
    pages = -(-total // per_page)
    page = (st.pagination(pages, key=f"{key}.{pages}.{state.changes()}") or 1) if pages > 1 else 1
    return slice((page - 1) * per_page, min(total, page * per_page))


def single_list(seen: Seen, kind: Kind, rows: NDArray[np.integer], *, values: NDArray[Any], reviewer: str) -> None:
    """Images that a measure lists (rows, the worst first), with their value of it (N,)."""
    if len(rows) == 0:
        st.info("No image is listed. Move the threshold, or remove a condition of the filter, to see more.")
        return
    key = f"problems.{kind.name}"
    with st.container(horizontal=True, gap="small"):
        judge_button(rows, key=f"{key}.judge")
        n = min(len(rows), MOST)
        label = "Exclude it from training" if n == 1 else f"Exclude these {n:,} from training"
        exclude_button(seen, label, rows[:n], key=f"{key}.exclude", reviewer=reviewer, queue=f"problems:{kind.name}")
    part = _page(len(rows), PER_PAGE, key=f"{key}.page")
    keep_list(key, rows, at=part.start)
    made = (_card(seen, row, words="", number=f"{values[row]:.3g}", among=key) for row in rows[part].tolist())
    st.html(STYLE + grid(made, side=104))
    st.caption(
        "The worst first, with the measure. A click shows all that is known of an image; it can be excluded there too."
    )


def copies_list(seen: Seen, kind: Kind, found: Copies, *, reviewer: str) -> None:
    """Groups of copies: what differs within each, and the ways to judge or thin them."""
    groups = found.groups
    if len(groups) == 0:
        st.info("No group is listed. Move the threshold, or remove a condition of the filter, to see more.")
        return
    key = f"problems.{kind.name}"
    st.markdown(_in_words(found))
    agreeing = groups.some(~found.labels_differ)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        judge_button(groups.some(found.labels_differ).rows, key=f"{key}.judge") if found.labels_differ.any() else None
        _thin_all(seen, kind, agreeing, reviewer=reviewer)
    part = _page(len(groups), GROUPS, key=f"{key}.page")
    keep_list(key, groups.rows, at=int(groups.starts[part.start]))
    st.html(STYLE)
    for number in range(part.start, part.stop):
        _group(seen, kind, groups[number], reviewer=reviewer)


def _in_words(found: Copies) -> str:
    n, labels, splits = len(found.groups), int(found.labels_differ.sum()), int(found.splits_differ.sum())
    said = f"{count(n, 'group')} of {count(len(found.groups.rows), 'image')}."
    said += f" **{count(labels, 'group')} hold{'s' if labels == 1 else ''} different labels.**" if labels else ""
    return said + (
        f" {count(splits, 'group')} lie{'s' if splits == 1 else ''} in more than one split." if splits else ""
    )


def _thin_all(seen: Seen, kind: Kind, groups: Groups, *, reviewer: str) -> None:
    rest = groups.all_but_first[:MOST]
    if len(rest):
        exclude_button(
            seen,
            f"Exclude all but the first of {count(len(groups), 'group')} with one label ({count(len(rest), 'image')})",
            rest.tolist(),
            key=f"problems.{kind.name}.thin",
            reviewer=reviewer,
            queue=f"problems:{kind.name}",
        )


def _group(seen: Seen, kind: Kind, rows: NDArray[np.int64], *, reviewer: str) -> None:
    given, key = seen.columns.given, f"problems.{kind.name}"
    table = seen.opened.dataset.table
    labels = list(dict.fromkeys(given[rows].tolist()))
    splits = list(dict.fromkeys(table["split"].iloc[rows].astype(str))) if "split" in table else []
    said = [count(len(rows), "image")]
    said += [f"labels differ: {', '.join(clean(seen.classes[k], limit=24) for k in labels[:6])}"] if labels[1:] else []
    said += [f"splits: {', '.join(clean(split, limit=24) for split in splits[:6])}"] if splits[1:] else []
    with st.container(border=True):
        st.html(f'<p style="margin:0">{" · ".join(for_html(part, limit=LONG) for part in said)}</p>')
        cards = []
        for row in rows[:CARDS].tolist():
            split = f"<div>{for_html(table['split'].iat[row], limit=24)}</div>" if "split" in table else ""
            cards.append(_card(seen, row, words=split, among=key, strong=len(labels) > 1))
        st.html(grid(cards, side=104))
        if len(rows) > CARDS:
            st.caption(f"The first {CARDS} of {len(rows):,} are shown.")
        with st.container(horizontal=True, gap="small"):
            first = int(rows[0])
            judge_button(rows, key=f"{key}.judge.{first}", small=True)
            rest = rows[1 : MOST + 1].tolist()
            label = f"Keep the first, exclude {'the other' if len(rest) == 1 else f'the other {len(rest):,}'}"
            exclude_button(
                seen, label, rest, key=f"{key}.one.{first}", reviewer=reviewer, queue=f"problems:{kind.name}"
            )


def broken_list(aside: pd.DataFrame) -> None:
    """The images that were set aside, with the reason of each."""
    if aside.empty:
        st.info("Every image could be read and has a label.")
        return
    shown = pd.DataFrame(
        {
            "Image": [clean(path, limit=200) for path in aside["path"]],
            "Reason": [clean(reason, limit=LONG) for reason in aside["reason"]],
        }
    )
    st.dataframe(shown, hide_index=True)
