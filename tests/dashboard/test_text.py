from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import sentences
from dashboard.widgets.text import (
    clean,
    community_name,
    count,
    duration,
    for_html,
    for_markdown,
    for_plotly,
    interval,
    percent,
)

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "![x](http://evil.example/a.png)",
    "[click](javascript:alert(1))",
    "https://evil.example www.evil.example",
    ":material/delete: :red[x] :smile: $x^2$ `code`",
    '" onmouseover="alert(1)',
    "&lt;b&gt; &amp;",
    "a\u202egnp.exe\u0000\u200b\nnext\tline",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_html_holds_no_tag_and_gives_the_name_back(name: str) -> None:
    said = for_html(name)
    assert not set(said) & set("<>\"'")
    assert html.unescape(said) == clean(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_has_every_active_character_escaped(name: str) -> None:
    said = for_markdown(name)
    assert not re.search(r"(?<!\\)[`*_{}\[\]()#!|~$:<>&]", said.replace("\\\\", ""))
    assert "http:" not in said and "https:" not in said and "www." not in said
    assert re.sub(r"\\(.)", r"\1", said).replace("\u2060", "") == clean(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_plotly_sees_entities_instead_of_tags(name: str) -> None:
    assert not set(for_plotly(name)) & set("<>")


def test_clean_takes_away_what_is_not_seen_and_keeps_one_line() -> None:
    assert clean("a\u202egnp.exe\u0000\u200b\nnext\tline") == "agnp.exe next line"
    assert clean("") == clean(" \n\u200b") == "(no name)"
    assert clean(7) == "7"
    assert clean("Ärmel 毛衣") == "Ärmel 毛衣"


@given(st.text(max_size=300), st.integers(8, 80))
def test_clean_is_short_and_changes_nothing_twice(name: str, limit: int) -> None:
    once = clean(name, limit=limit)
    assert 0 < len(once) <= max(limit, len("(no name)"))
    assert "\n" not in once
    assert once == "(no name)" or clean(once, limit=limit) == once


def test_long_names_keep_both_ends() -> None:
    said = clean("n02123045_" + "x" * 100 + "_tabby", limit=30)
    assert len(said) == 30 and said.startswith("n02123045") and said.endswith("_tabby")


def test_numbers_in_words() -> None:
    assert count(1, "image") == "1 image" and count(1797, "image") == "1,797 images"
    assert count(2, "class", "classes") == "2 classes"
    assert percent(0.0412) == "4.1 %" and percent(float("nan")) == "–" and percent(1, digits=0) == "100 %"
    assert interval(0.893, 0.92) == "89.3 to 92.0 %"
    assert [duration(s) for s in (0.4, 59.6, 60, 200, 7500)] == ["0 s", "1 min", "1 min", "3 min 20 s", "2 h 5 min"]
    assert community_name(0) == "community 1"


def test_sentence_of_a_cell() -> None:
    said = sentences.plain(sentences.cell(37, "cat", "dog", share=0.041))
    assert said == "37 images labelled cat were predicted dog, 4.1 % of cat."
    assert sentences.plain(sentences.cell(1, "cat", "dog", share=0.5)).startswith("1 image labelled cat was predicted")
    right = sentences.plain(sentences.cell(9, "cat", "cat", share=0.9))
    assert right == "9 images of cat were predicted as labelled, 90.0 % of them."


def test_sentence_of_an_edge_says_which_way_it_leans() -> None:
    even = sentences.plain(sentences.edge(13, 12, "1", "8"))
    assert even == "1 and 8 are confused in 25 images: 13 this way, 12 the other way."
    leaning = sentences.plain(sentences.edge(1, 7, "2", "8"))
    assert leaning.endswith("1 this way, 7 the other way, mostly 8 taken for 2.")
    assert "mostly" not in sentences.edge(4, 2, "a", "b"), "two to one is not more than two to one"
    assert "probabilities" in sentences.edge(0, 0, "a", "b")


def test_sentences_carry_names_as_text() -> None:
    said = sentences.cell(2, HOSTILE[0], HOSTILE[1], share=0.1)
    assert set(re.findall(r"<[^>]*>", said)) == {"<b>", "</b>"}
    assert sentences.plain(sentences.node(HOSTILE[0], n_images=3, n_errors=1, partner=None)).startswith("<img src=x")
