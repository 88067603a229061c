"""The filter language: what can be written, what it means, and what an error says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.base.condition_rows import check, field_of, names_of, passing
from analysis.base.condition_text import LONGEST, MOST_COMPARISONS, MOST_VALUES, parse
from analysis.base.conditions import BadCondition, Compare, Condition, Joined, Negated, joined, parts_of, text_of

TABLE = pd.DataFrame(
    {
        "split": ["train", "val", None, "train", "Test"],
        "width": [640, 28, 28, 1024, 333],
        "blur": [0.1, np.nan, 0.9, 0.5, np.nan],
        "night": [True, False, False, True, False],
        "my key": ["a", 'say "no"', "back\\slash", "line\nbreak", "ü"],
    }
)
FIELDS = {name: field_of(TABLE[name]) for name in TABLE}
FIELDS["given"] = names_of(("cat", "dog"), np.array([0, 1, 1, 0, -1]))


def rows(text: str) -> list[int]:
    condition = parse(text)
    check(condition, FIELDS.get, list(FIELDS), text=text)
    return np.flatnonzero(passing(condition, FIELDS.get)).tolist()


def problem(text: str) -> BadCondition:
    with pytest.raises(BadCondition) as caught:
        rows(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('split == "train"', [0, 3]),
        ("split == 'train'", [0, 3]),
        ('split != "train"', [1, 2, 4]),  # what is missing is not train
        ('not split == "train"', [1, 2, 4]),
        ('split in ("val", "Test")', [1, 4]),
        ('split not in ["val", "Test"]', [0, 2, 3]),
        ('split contains "T"', [0, 3, 4]),  # letter case makes no difference
        ('split > "train"', [1]),
        ("width >= 640", [0, 3]),
        ("width in (28, 333)", [1, 2, 4]),
        ('width == "28"', [1, 2]),
        ("blur < 0.9", [0, 3]),  # what is missing is neither above nor below
        ("blur >= -1e3", [0, 2, 3]),
        ("blur != 0.5", [0, 1, 2, 4]),
        ("night == true", [0, 3]),
        ("night != TRUE", [1, 2, 4]),
        ('given == "dog"', [1, 2]),
        ('given not in ("dog")', [0, 3, 4]),
        ('`my key` == "say \\"no\\""', [1]),
        ('`my key` == "back\\\\slash"', [2]),
        ('`my key` contains "ü"', [4]),
        ('width == 28 or split == "train" and night == false', [1, 2]),  # and binds closer than or
        ('(width == 28 or split == "train") and night == false', [1, 2]),
        ('(width == 28 or split == "train") AND NOT night == false', [0, 3]),
        ("not (width == 28 or width == 333)", [0, 3]),
        ("width==28 and(blur>.5)", [2]),
    ],
)
def test_conditions_let_pass_what_they_say(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "found", "wanted", "at"),
    [
        ("width = 3", "= means nothing here", "==", 6),
        ('width == 3 && split == "a"', "& means nothing here", "and", 11),
        ("split == train", "train is not in quotes", '"train"', 9),
        ("split in ()", "')' cannot stand here", "a value: text in quotes", 10),
        ('split == "train', "never closed", 'another "', 9),
        ("width ==", "ends too early", "a value", 8),
        ("(width == 3", "ends too early", "closing parenthesis", 11),
        ("width == 3)", "')' cannot stand here", "and, or, the end", 10),
        ("width == 3 split == 4", "'split' cannot stand here", "and, or, the end", 11),
        ('split like "x"', "'like' cannot stand here", "not in, contains", 6),
        ("width in 3", "'3' cannot stand here", "list of values", 9),
        ("width == 1e999", "too large", "a value", 9),
        ("", "is empty", "a condition such as", 0),
        ("widht > 3", "no key 'widht'", "width", 0),
        ('width > 3 and Split == "a"', "no key 'Split'", "split", 14),
        ('width > "wide"', 'holds numbers, and "wide" is none', "numbers", 8),
        ("width == true", "holds numbers, and true is none", "numbers", 9),
        ("split in ('a', 3)", "holds text, and 3 is none", '"3" in quotes', 15),
        ("night == 3", "holds true or false, and 3 is none", "true or false", 9),
        ("night > false", "cannot compare", "", 0),
        ('width contains "3"', "cannot compare", "", 0),
        ("given == 'dgo'", "given is never 'dgo'", "dog", 9),
    ],
)
def test_errors_say_what_was_found_what_is_wanted_and_where(text: str, found: str, wanted: str, at: int) -> None:
    error = problem(text)
    assert found in error.found
    assert wanted in error.wanted
    if text:
        shown, caret = error.detail.split("\n")
        assert shown == text and caret == " " * at + "^"


def test_the_place_is_shown_in_a_window_of_a_long_text_without_what_cannot_be_printed() -> None:
    error = problem('split == "' + "x\n\x1b" * 400 + '" and width = 3')
    shown, caret = error.detail.split("\n")
    assert shown[caret.index("^")] == "=" and len(shown) <= 160
    assert shown.isprintable() and "\x1b" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "width == 1 or " * 400 + "width == 1",
        "not " * 900 + "width == 1",
        "(" * 40 + "width == 1 or width == 2 and " * 40,
        "width in (" + "1," * MOST_VALUES + "1)",
        "x" * (LONGEST + 1),
        " or ".join(["width == 1"] * (MOST_COMPARISONS + 1)),
        "".join(f"(width == {i} and (width == 1 or " for i in range(35)) + "width == 1" + "))" * 35,
        'split == "\udcff"',
    ],
)
def test_what_is_too_long_too_deep_or_no_text_is_refused(text: str) -> None:
    problem(text)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
values = texts | st.booleans() | st.floats(-1e20, 1e20).map(lambda x: x + 0.0)
compares = st.one_of(
    st.builds(
        Compare,
        texts,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "contains"]),
        values,
    ),
    st.builds(
        lambda key, op, many: Compare(key, op, tuple(many)),
        texts,
        st.sampled_from(["in", "not in"]),
        st.lists(values, min_size=1, max_size=3),
    ),
)


def _more(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(joined, st.sampled_from(["and", "or"]), many) | st.builds(Negated, inner)


@given(st.recursive(compares, _more, max_leaves=8))
@settings(max_examples=200, deadline=None)
def test_every_condition_is_read_back_from_its_text(condition: Condition) -> None:
    assert parse(text_of(condition)) == condition


@given(
    st.lists(
        st.sampled_from([*"ab=<>!()[],\"'` \\1.-&|~", " and ", " in ", "not ", "==", " a == 1 "]), max_size=20
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_a_clear_error(text: str) -> None:
    try:
        condition = parse(text)
    except BadCondition as error:
        condition, said = None, str(error)
    assert parse(text_of(condition)) == condition if condition else said and "Token" not in said


def test_conditions_that_all_must_hold_are_taken_apart_at_and() -> None:
    found = parts_of(parse("a == 1 and (b == 2 and (c == 3 or d == 4))"))
    assert [text_of(part) for part in found] == ["a == 1", "b == 2", "c == 3 or d == 4"]
    assert isinstance(found[2], Joined) and parts_of(found[2]) == (found[2],)


@pytest.mark.parametrize("make", [lambda s: s, lambda s: s.astype(object), lambda s: s.astype("string")])
def test_a_column_of_any_kind_of_text_is_asked_for_as_text(make: Callable[[pd.Series], pd.Series]) -> None:
    field = field_of(make(pd.Series(["Übung", None, "x.y", "xay"])))
    assert passing(parse('c contains "ÜB"'), lambda _: field).tolist() == [True, False, False, False]
    assert passing(parse('c contains "x.y"'), lambda _: field).tolist() == [False, False, True, False], "no pattern"
    lists = field_of(pd.Series([["a"], ["b"], ["a"]]))
    assert passing(parse("c == \"['a']\""), lambda _: lists).tolist() == [True, False, True]
