"""Class names, file names and metadata come from strangers: each way of showing them has its own escaping here."""

from __future__ import annotations

import html as _html
import re
import unicodedata
from functools import lru_cache

LONGEST = 60
REMEMBERED = 10_000  # names: a page says those of its classes again and again
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&^=\"'])")
_AUTOLINK = re.compile(r"(?i)(https?|ftp|www)(?=[:.])")
_JOINER = "\u2060"  # invisible; keeps renderers from making a link of plain text
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, direction overrides, surrogates, private use


def clean(name: object, *, limit: int = LONGEST) -> str:
    """One printable line: no control or direction characters, at most `limit` characters, "(no name)" when empty."""
    return _clean(str(name), limit)


@lru_cache(REMEMBERED)
def _clean(name: str, limit: int) -> str:
    text = "".join(" " if c.isspace() else c for c in name if c.isspace() or unicodedata.category(c) not in _DROPPED)
    text = " ".join(text.split())
    if len(text) > limit:
        head = (limit - 1) * 2 // 3
        text = text[:head].rstrip() + "…" + text[len(text) - (limit - 1 - head) :].lstrip()
    return text or "(no name)"


def for_html(name: object, *, limit: int = LONGEST) -> str:
    """The name as text inside HTML, also inside a quoted attribute."""
    return _html.escape(clean(name, limit=limit), quote=True)


def for_markdown(name: object, *, limit: int = LONGEST) -> str:
    """The name as text inside Markdown, where images, links, colours, icons and formulas would otherwise come alive."""
    return _MARKDOWN.sub(r"\\\1", _AUTOLINK.sub(r"\1" + _JOINER, clean(name, limit=limit)))


def for_plotly(name: object, *, limit: int = LONGEST) -> str:
    """The name as text inside a Plotly label or hover, which knows a few HTML tags and entities."""
    return _html.escape(clean(name, limit=limit), quote=False)


def count(number: float, noun: str, plural: str = "") -> str:
    """ "1 image", "1,797 images"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float, *, digits: int = 1) -> str:
    """0.041 as "4.1 %"; "–" where there is nothing to divide by."""
    return "–" if share != share else f"{share * 100:.{digits}f} %"  # noqa: PLR0124  # NaN is not itself


def interval(low: float, high: float) -> str:
    """(0.93, 0.95) as "93.0 to 95.0 %"."""
    return f"{low * 100:.1f} to {high * 100:.1f} %"


def duration(seconds: float) -> str:
    """Seconds in words people use: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def community_name(number: int) -> str:
    """What people call the community `number` (from 0): "community 1" is the largest."""
    return f"community {number + 1}"
