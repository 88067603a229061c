"""All session keys in one place: the workspace, the run, one filter. The URL mirrors them, so a copied link works.

Nothing durable lives here: session state is gone on reload. Decisions go to the review store, the rest can be made
again from the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from dashboard.history import Step, Steps
from dashboard.links import OPTIONS as KNOWN
from dashboard.links import named, unread
from dashboard.selection import PARAMS, Filter, from_params, to_params

# Session keys. Widgets of one page keep keys that start with the page's name ("map.colour").
WORKSPACE = "workspace"  # str, path of the open workspace
RUN = "run"  # str, id of the run looked at; absent = the newest finished one
FILTER = "filter"  # Filter
OPTIONS = "options"  # dict, how pages are drawn where that is not the usual: part of the link
IMAGE = "image"  # query parameter: the image that is shown large, see widgets/image_detail.py
MOST_OPTIONS = 40  # of a link
_WRITTEN = "filter.written"  # dict, the query parameters of filter and options as this session last wrote them
_PAGE = "filter.page"  # str, the page on which it wrote them
_LINKED = "filter.linked"  # bool, the address was changed from outside just now
_LEFT = "link.left"  # list of str, what of a link was not understood
_LEFT_AT = "link.left_at"  # (page, changes), where that was said first
_STEPS = "filter.steps"  # history.Steps
_LASTING = ("door.", "start.", "review.name", "filter.")  # keys that begin so outlive a change of the workspace
_LISTENERS = "filter.changed"  # int, counts changes: widgets that mirror the filter use it in their key


def workspace() -> Path | None:
    """The open workspace, or None."""
    path = st.session_state.get(WORKSPACE)
    return Path(path) if path else None


def set_workspace(path: Path | str | None) -> None:
    """Open another workspace; what pages keep of the old one, such as rows, filter and run, means nothing there."""
    if str(path or "") == str(st.session_state.get(WORKSPACE) or ""):
        return
    if WORKSPACE in st.session_state:
        for key in [key for key in st.session_state if not str(key).startswith(_LASTING)]:
            del st.session_state[key]
        st.session_state.pop(_STEPS, None)
        set_run(None)
        set_filter(Filter())
    st.session_state[WORKSPACE] = str(path) if path else None


def run_id() -> str | None:
    """The run asked for by link or choice, or None for the newest finished one."""
    if RUN not in st.session_state:
        st.session_state[RUN] = st.query_params.get(RUN)
    asked: str | None = st.session_state[RUN]
    return asked


def set_run(run: str | None) -> None:
    """Look at another run."""
    st.session_state[RUN] = run


def current() -> Filter:
    """The filter in force; the first time in a session, what the link says."""
    if FILTER not in st.session_state:
        _say_unread(_in_url())
        st.session_state[FILTER] = from_params(st.query_params.to_dict())
    chosen: Filter = st.session_state[FILTER]
    return chosen


def set_filter(chosen: Filter) -> None:
    """Put another filter in force on all pages, for the rest of this rerun and later ones."""
    if st.session_state.get(FILTER) != chosen:
        st.session_state[FILTER] = chosen
        st.session_state[_LISTENERS] = changes() + 1


def change(edit: Callable[[Filter], Filter]) -> None:
    """Edit the filter in place of a callback: `on_click=state.change, args=(lambda f: f.without("lasso"),)`."""
    set_filter(edit(current()))


def changes() -> int:
    """How often the filter has changed in this session."""
    return int(st.session_state.get(_LISTENERS, 0))


def option(name: str, allowed: Sequence[str]) -> str:
    """How a page is drawn, as far as the link says it: one of `allowed`, the first unless another was chosen."""
    chosen = _options().get(name) or st.query_params.get(name, "")
    if chosen and chosen not in allowed and chosen == st.query_params.get(name):
        leave_out([named(name, chosen)])
    return chosen if chosen in allowed else allowed[0]


def set_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """Keep what was chosen, in the session and in the link; the usual is left out of the link."""
    keep(name, "" if value == allowed[0] else value)


def kept(name: str) -> str:
    """A choice of a page that is no fixed list, such as which blocks are open, as far as session or link say it."""
    return str(_options().get(name, st.query_params.get(name, "")))


def keep(name: str, value: str) -> None:
    """Keep such a choice in the session and in the link; the usual, "", is left out of the link."""
    _options()[name] = value
    write_url({name: value or None})
    st.session_state[_WRITTEN] = _in_url()


def forget(name: str) -> None:
    """Put away such a choice, because it means nothing here, and say so; nothing where none was made."""
    value = kept(name)
    if value:
        leave_out([named(name, value)])
        keep(name, "")


def _options() -> dict[str, str]:
    options: dict[str, str] = st.session_state.setdefault(OPTIONS, {})
    return options


def sync_url(page: str) -> None:
    """Bring filter and URL together; every page calls this once (the chips do), before it reads the filter.

    A URL changed from outside (the Back button, an edited link) wins. A page switch empties the URL, which must not
    empty the filter; on the same page an emptied URL means that the user went back to before the filter.
    """
    url = _in_url()
    written = st.session_state.get(_WRITTEN)
    came_from = st.session_state.get(_PAGE)
    if written is not None and url != written and (url or came_from == page):
        _say_unread(url)
        show(from_params(url), {name: value for name, value in url.items() if name not in PARAMS})
        st.session_state[_LINKED] = True
    st.session_state[_PAGE] = page
    wanted = to_params(current())
    write_url({name: wanted.get(name) for name in PARAMS} | {RUN: run_id()})
    st.session_state[_WRITTEN] = _in_url()


def show(chosen: Filter, options: Mapping[str, str]) -> None:
    """Put a filter and all options in force at once; widgets that mirror them start anew."""
    set_filter(chosen)
    st.session_state[OPTIONS] = dict(list(options.items())[:MOST_OPTIONS])
    st.session_state[_LISTENERS] = changes() + 1


# -- what of a link was not understood ---------------------------------------------------------------------------------
def _say_unread(url: Mapping[str, str]) -> None:
    """Note what means nothing, and take it out of the address."""
    leave_out(unread(url))
    write_url({name: None for name in url if name not in (*PARAMS, *KNOWN) and unread({name: url[name]})})


def leave_out(said: Sequence[str]) -> None:
    """Note conditions or choices of a link, in words, that could not be followed."""
    if said:
        st.session_state[_LEFT] = list(dict.fromkeys([*st.session_state.get(_LEFT, []), *said]))
        st.session_state.pop(_LEFT_AT, None)


def left_out() -> list[str]:
    """What was noted, until the visitor goes on to another filter or page; to be asked at the end of a page."""
    here_and_now = st.session_state.get(_PAGE), changes()
    if st.session_state.setdefault(_LEFT_AT, here_and_now) != here_and_now:
        st.session_state.pop(_LEFT, None)
    said: list[str] = st.session_state.get(_LEFT, [])
    return said


# -- steps ------------------------------------------------------------------------------------------------------------
def here() -> Step:
    """The page, the filter and the options of this moment."""
    said = tuple(sorted((name, value) for name, value in _options().items() if value))
    return Step(str(st.session_state.get(_PAGE, "")), current(), said)


def record() -> None:
    """Note where the visitor is, to come back to; every page does it once, when its filter is known."""
    steps().record(here(), by_link=st.session_state.pop(_LINKED, False))


def steps() -> Steps:
    """What this visitor looked at in this session."""
    found: Steps = st.session_state.setdefault(_STEPS, Steps())
    return found


def go(step: Step) -> None:
    """Look at something else: filter, options, and then the page, which ends this rerun."""
    old = _options()
    show(step.chosen, dict(step.options))
    if step.page == st.session_state.get(_PAGE):
        wanted = {**dict.fromkeys((*old, *PARAMS)), **dict(step.options), **to_params(step.chosen)}
        write_url(wanted)
        st.session_state[_WRITTEN] = _in_url()
        st.rerun()
    st.switch_page(f"dashboard/pages/{step.page}.py")


def _in_url() -> dict[str, str]:
    """What the URL says of filter and options."""
    return {name: value for name, value in st.query_params.to_dict().items() if name not in (RUN, WORKSPACE, IMAGE)}


def write_url(params: dict[str, str | None]) -> None:
    """Set or, where None, remove query parameters; those not named stay. One change is one step of the Back button."""
    old = st.query_params.to_dict()
    new = {name: value for name, value in {**old, **params}.items() if value is not None}
    if new != old:
        st.query_params.from_dict(new)
