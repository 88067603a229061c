"""What a cell, a node, an edge or a community says in one sentence. `say` escapes names for where they are shown."""

from __future__ import annotations

import html
from collections.abc import Callable

from dashboard.widgets.text import count, for_html, percent

Say = Callable[[object], str]


def _strong(name: object, say: Say) -> str:
    return f"<b>{say(name)}</b>"


def cell(
    n: int,
    given: object,
    predicted: object,
    *,
    share: float,
    of_predicted: float | None = None,
    say: Say = for_html,
) -> str:
    """ "37 images labelled cat were predicted dog, 4.1 % of cat." `share` is of the images given that label.

    With `of_predicted`, the share of the images predicted that class, that is said instead.
    """
    if given == predicted:
        return (
            f"{count(n, 'image')} of {_strong(given, say)} {_were(n)} predicted as labelled, {percent(share)} of them."
        )
    return (
        f"{count(n, 'image')} labelled {_strong(given, say)} {_were(n)} predicted {_strong(predicted, say)}, "
        f"{_part(share, of_predicted, (given, predicted), say)}."
    )


def group_cell(
    n: int,
    given: object,
    predicted: object,
    *,
    share: float,
    errors_only: bool,
    of_predicted: float | None = None,
    groups: tuple[bool, bool] = (True, True),
    say: Say = for_html,
) -> str:
    """The same where one side or both (`groups`) stand for several classes: a community, or the rest."""
    if given != predicted:
        one, other = _strong(given, say), _strong(predicted, say)
        given_as = f"with a class of {one}" if groups[0] else one
        predicted_as = f"as one of {other}" if groups[1] else other
        return (
            f"{count(n, 'image')} labelled {given_as} {_were(n)} predicted {predicted_as}, "
            f"{_part(share, of_predicted, (given, predicted), say)}."
        )
    if errors_only:
        return f"{count(n, 'image')} {_were(n)} confused inside {_strong(given, say)}, {percent(share)} of its images."
    return f"{count(n, 'image')} of {_strong(given, say)} {_were(n)} predicted as one of its classes, {percent(share)}."


def _part(share: float, of_predicted: float | None, ends: tuple[object, object], say: Say) -> str:
    if of_predicted is None:
        return f"{percent(share)} of {say(ends[0])}"
    return f"{percent(of_predicted)} of all predicted {say(ends[1])}"


def change(n: int, m: int, given: object, predicted: object, *, runs: tuple[str, str], say: Say = for_html) -> str:
    """ "cat predicted dog: 37 images in resnet50, 52 in alexnet, 15 more." """
    way = f"{_strong(given, say)} predicted {_strong(predicted, say)}"
    ends = f"{m - n:,} more" if m > n else f"{n - m:,} fewer" if m < n else "as many"
    return f"{way}: {count(n, 'image')} in {say(runs[0])}, {m:,} in {say(runs[1])}, {ends}."


def edge(there: int, back: int, source: object, target: object, *, say: Say = for_html) -> str:
    """Both directions of a confused pair, and which way it leans when more than two to one."""
    first, second = _strong(source, say), _strong(target, say)
    total = there + back
    if not total:
        return f"No image of {first} was predicted {second}, nor the other way; the probabilities connect them."
    both = f"{first} and {second} are confused in {count(total, 'image')}: {there:,} this way, {back:,} the other way"
    return both + lean(there, back, source, target, say=say) + "."


def lean(there: int, back: int, source: object, target: object, *, say: Say = for_html) -> str:
    """ ", mostly cat taken for dog" where one direction is more than twice the other, else nothing."""
    if max(there, back) <= 2 * min(there, back):
        return ""
    one, other = (source, target) if there > back else (target, source)
    return f", mostly {say(one)} taken for {say(other)}"


def node(name: object, *, n_images: int, n_errors: int, partner: object | None, say: Say = for_html) -> str:
    """How often a class is missed, and with what it is confused most."""
    missed = f"{_strong(name, say)}: {n_errors:,} of {count(n_images, 'image')} predicted as another class"
    share = f" ({percent(n_errors / n_images)})" if n_images else ""
    return missed + share + (f", most often as {say(partner)}." if partner is not None else ".")


def mended(wrong: int, total: int, source: object, target: object, *, say: Say = for_html) -> str:
    """ "37 of 120 confusions between cat and dog were wrong labels." """
    between = f"between {_strong(source, say)} and {_strong(target, say)}"
    ending = "was a wrong label" if wrong == 1 else "were wrong labels"
    return f"{wrong:,} of {count(total, 'confusion')} {between} {ending}."


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def plain(sentence: str) -> str:
    """A sentence made for a page as plain text."""
    return html.unescape(sentence.replace("<b>", "").replace("</b>", ""))
