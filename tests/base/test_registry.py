from __future__ import annotations

import sys
from pathlib import Path

import pytest

from analysis.base.errors import NotFoundHere
from analysis.base.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "plugins_for_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text("import tests_registry_hook as h\nh.registry.add('good', 1)\n")
    (folder / "broken.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "plugins_for_test"


def test_plugins_are_found_and_broken_ones_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[int] = Registry("plug-in", package)
    hook = type(sys)("tests_registry_hook")
    hook.registry = registry  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_registry_hook", hook)
    assert registry.names() == ["good"]
    assert registry.get("good") == 1
    assert "a_package_that_is_not_there" in registry.unavailable()["broken"]
    with pytest.raises(NotFoundHere, match="'broken' is not available: No module named"):
        registry.get("broken")
    with pytest.raises(NotFoundHere, match="no plug-in named 'nothing' – wanted: one of good"):
        registry.get("nothing")
    with pytest.raises(ValueError, match="two plug-ins are named 'good'"):
        registry.add("good", 2)
