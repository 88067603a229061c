"""The filter language: text such as `split == "train" and (suspicion > 0.9 or kind in ("cross", "within"))` is read.

`==` `!=` `<` `<=` `>` `>=` `in` `not in` and `contains`; `and`, `or`, `not`, parentheses. Values are text in single or
double quotes, numbers, `true` and `false`; a key with blanks or signs stands in backquotes. A backslash takes the next
character as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from math import isfinite
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from analysis.base.conditions import BARE, BadCondition, Compare, Condition, Joined, Negated, joined

LONGEST = 4_000  # characters: what a link can hold
MOST_COMPARISONS = 100
MOST_VALUES = 1_000  # of one list
DEEPEST = 30
GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: one (_AND one)*
?one: _NOT one                      -> negated
    | "(" either ")"
    | key OP value                  -> compare
    | key CONTAINS value            -> compare
    | key IN values                 -> compare
    | key _NOT IN values            -> compare_not
key: NAME | QUOTED_KEY
values: "(" value ("," value)* ")" | "[" value ("," value)* "]"
value: TEXT | NUMBER | TRUE | FALSE
_AND.2: /and(?![\w.-])/i
_OR.2: /or(?![\w.-])/i
_NOT.2: /not(?![\w.-])/i
IN.2: /in(?![\w.-])/i
CONTAINS.2: /contains(?![\w.-])/i
TRUE.2: /true(?![\w.-])/i
FALSE.2: /false(?![\w.-])/i
OP: "==" | "!=" | "<=" | ">=" | "<" | ">"
NUMBER: /-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?(?![\w.])/i
TEXT: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
QUOTED_KEY: /`(?:[^`\\]|\\.)+`/s
NAME: /[^\W\d][\w.-]*/
%ignore /\s+/
"""
SPELLED = {"=": "==", "&": "and", "|": "or", "!": "not", "~": "not"}  # as other languages write it
OPS = "one of == != < <= > >= in, not in, contains"
A_VALUE = "a value: text in quotes, a number, true or false"


def parse(text: str) -> Condition:
    """The condition that a text says; BadCondition where it says none, with the place."""
    if len(text) > LONGEST:
        raise BadCondition(f"The condition has {len(text):,} characters", wanted=f"at most {LONGEST:,}")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadCondition("The condition holds half a character", wanted="text in UTF-8")
    try:
        made = cast(Condition, _parser().parse(text))  # the transformer leaves no tree
    except UnexpectedInput as error:
        raise _explained(error, text) from error
    except _Unusable as error:
        raise BadCondition(str(error), text=text, at=error.at, wanted=A_VALUE) from error
    _check_size(made, text)
    return made


class _Unusable(Exception):
    """A value that was written well and means nothing here."""

    def __init__(self, found: str, at: int) -> None:
        super().__init__(found)
        self.at = at


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Build(), maybe_placeholders=False)


class _Build(Transformer[Token, Any]):
    """Conditions from what the grammar has recognised; called from the innermost part outwards."""

    def either(self, parts: list[Condition]) -> Condition:
        return joined("or", tuple(parts))

    def both(self, parts: list[Condition]) -> Condition:
        return joined("and", tuple(parts))

    def negated(self, parts: list[Condition]) -> Condition:
        return Negated(parts[0])

    def compare(self, parts: list[Any]) -> Condition:
        (key, at), op, said = parts
        values, places = zip(*(said if isinstance(said, list) else [said]), strict=True)
        return Compare(key, str(op).lower(), values if isinstance(said, list) else values[0], at, places)  # type: ignore[arg-type]  # the grammar lets no other operator through

    def compare_not(self, parts: list[Any]) -> Condition:
        return self.compare([parts[0], "not in", parts[2]])

    def key(self, parts: list[Token]) -> tuple[str, int]:
        token = parts[0]
        return (str(token) if token.type == "NAME" else _unquoted(token)), token.start_pos or 0

    def values(self, parts: list[Any]) -> list[Any]:
        return parts

    def value(self, parts: list[Token]) -> tuple[str | float | bool, int]:
        token, at = parts[0], parts[0].start_pos or 0
        if token.type in ("TRUE", "FALSE"):
            return token.type == "TRUE", at
        if token.type == "TEXT":
            return _unquoted(token), at
        number = float(token)
        if not isfinite(number):
            raise _Unusable(f"The number {token[:20]} is too large", at)
        return number, at


def _unquoted(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)


def _check_size(condition: Condition, text: str) -> None:
    """Refuse what is too deep or too long to be worked out safely; without recursion, which depth would exhaust."""
    left, comparisons = [(condition, 1)], 0
    while left:
        part, depth = left.pop()
        if depth > DEEPEST:
            raise BadCondition("The condition is nested too deep", text=text, wanted=f"at most {DEEPEST} levels")
        if isinstance(part, Compare):
            comparisons += 1
            if len(part.values) > MOST_VALUES:
                raise BadCondition(
                    f"The list has {len(part.values):,} values", text=text, at=part.at, wanted=f"at most {MOST_VALUES}"
                )
        else:
            left += [(inner, depth + 1) for inner in (part.parts if isinstance(part, Joined) else (part.part,))]
    if comparisons > MOST_COMPARISONS:
        raise BadCondition(f"The condition has {comparisons} comparisons", wanted=f"at most {MOST_COMPARISONS}")


# -- errors -----------------------------------------------------------------------------------------------------------
def _explained(error: UnexpectedInput, text: str) -> BadCondition:
    """What was found in which place, and what could stand there."""
    if isinstance(error, UnexpectedToken):
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        expected, word = error.accepts or error.expected, str(error.token)
    else:
        assert isinstance(error, UnexpectedCharacters)
        at, expected, word = error.pos_in_stream or 0, error.allowed, ""
    wanted = _wanted(expected)
    if at >= len(text):
        ended = "The condition is empty" if not text.strip() else "The condition ends too early"
        return BadCondition(ended, text=text, at=len(text.rstrip()), wanted=wanted)
    sign = text[at]
    if sign in "\"'`" and not word:
        return BadCondition(f"The quote {sign} is never closed", text=text, at=at, wanted=f"another {sign}")
    if wanted == A_VALUE and BARE.match(word):
        return BadCondition(f"{word[:40]} is not in quotes", text=text, at=at, wanted=f'"{word[:40]}", or a number')
    if sign in SPELLED:
        return BadCondition(f"{sign} means nothing here", text=text, at=at, wanted=SPELLED[sign])
    return BadCondition(f"{word[:40] or sign!r} cannot stand here", text=text, at=at, wanted=wanted)


def _wanted(expected: Collection[str]) -> str:
    """What may follow, in words; by the names of the terminals of the grammar."""
    if "OP" in expected:
        return OPS
    if "NAME" in expected:
        return 'a condition such as suspicion > 0.9 or split == "train"'
    if "NUMBER" in expected:
        return A_VALUE
    if expected and set(expected) <= {"LPAR", "LSQB"}:
        return 'a list of values such as ("train", "val")'
    if "COMMA" in expected and "_AND" not in expected:
        return "a comma and another value, or the end of the list"
    return "and, or, a closing parenthesis" if set(expected) == {"RPAR"} else "and, or, the end"
