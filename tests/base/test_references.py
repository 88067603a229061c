"""Every work cited in the code stands in the bibliography, and every entry can be read."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.base.references import REFERENCES

ROOT = Path(__file__).resolve().parents[2]
KEY = re.compile(r"\[([A-Z][A-Za-z]*\d\d[a-z]?)\b[^\[\]]*\]")


def test_every_cited_key_is_in_the_bibliography() -> None:
    sources = [*ROOT.glob("analysis/**/*.py"), *ROOT.glob("dashboard/**/*.py")]
    cited = {
        (key, path.relative_to(ROOT).as_posix()) for path in sources for key in KEY.findall(path.read_text("utf-8"))
    }
    assert ("Wilson27", "analysis/base/arrays.py") in cited
    assert {(key, where) for key, where in cited if key not in REFERENCES} == set()


def test_entries_are_named_like_keys_and_say_who_what_and_when() -> None:
    for key, text in REFERENCES.items():
        assert re.fullmatch(r"[A-Z][A-Za-z]*\d\d[a-z]?", key)
        assert text.endswith(".") and re.search(r"(19|20)\d\d", text), key
