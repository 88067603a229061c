"""Options that are written as NAME=VALUE."""

from __future__ import annotations

from analysis.base.errors import UserError


def pairs_of(pairs: list[str], name_of_option: str = "--option") -> dict[str, str]:
    """The options that NAME=VALUE texts say; UserError for one that is none."""
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"{name_of_option} {pair}", wanted="NAME=VALUE")
        options[name] = value
    return options
