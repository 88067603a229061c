"""The rules of the house: who may import whom. Imports inside functions count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "analysis.base": 0,
    "analysis.data": 1,
    "analysis.runs": 1,
    **{
        f"analysis.{room}": 2
        for room in ("models", "confusion", "noise", "embed", "text", "evaluate", "review", "problems")
    },
    **{
        f"analysis.{file}": 3
        for file in (
            "__main__",
            "cli",
            "comparing",
            "evaluating",
            "job",
            "labels",
            "options",
            "pipeline",
            "plain",
            "reporting",
            "retraining",
            "steps",
            "steps_features",
            "terminal",
        )
    },
    "dashboard": 4,
    "streamlit_app": 5,
}
TOP_FLOOR = {module for module, floor in FLOORS.items() if floor == 3}
HEAVY = {"analysis.models", "analysis.embed", *TOP_FLOOR}
# heavy packages and the only places that may import them
ONLY_IN = {
    "torch": ("analysis/models/",),
    "torchvision": ("analysis/models/", "analysis/data/readers/torchvision_set.py"),
    "streamlit": ("dashboard/", "streamlit_app.py"),
    "plotly": ("dashboard/",),
    "pyvis": ("dashboard/",),
    "umap": ("analysis/embed/",),
    "pacmap": ("analysis/embed/",),
    "openTSNE": ("analysis/embed/",),
    "sqlalchemy": ("analysis/review/",),
    "datasets": ("analysis/data/readers/huggingface.py", "analysis/review/exporters/huggingface.py"),
}
NEVER = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib"}
MAX_LINES = 300
MAX_PAGE_LINES = 120

FILES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("analysis/**/*.py"), *ROOT.glob("dashboard/**/*.py"), ROOT / "streamlit_app.py"]
    if path.exists()
)


def room_of(module: str) -> str | None:
    """The room a module of ours belongs to, or None for a foreign one."""
    parts = module.split(".")
    if parts[0] in ("dashboard", "streamlit_app"):
        return parts[0]
    if parts[0] != "analysis":
        return None
    inside = len(parts) > 1 and not parts[1].startswith("__version")
    return ".".join(parts[:2]) if inside else "analysis"


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = list(path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def breach(path: Path, target: str) -> str | None:
    """The rule an import breaks, or None."""
    return package_breach(path.as_posix(), target.partition(".")[0]) or floor_breach(module_of(path), target)


def package_breach(where: str, package: str) -> str | None:
    """Some packages are never used, some only in one place."""
    if package in NEVER:
        return f"{package} is never used: no pickle"
    if package in ONLY_IN and not where.startswith(ONLY_IN[package]):
        return f"{package} belongs to {', '.join(ONLY_IN[package])}"
    return None


def floor_breach(module: str, target: str) -> str | None:
    """An import points into its own room or to a lower floor."""
    mine, theirs = room_of(module), room_of(target)
    if theirs in (None, "analysis", mine) or mine == "analysis" or {mine, theirs} <= TOP_FLOOR:
        return None
    for room in (mine, theirs):
        if room not in FLOORS:
            return f"{room} is no room: add it to FLOORS or move it"
    if FLOORS[theirs] >= FLOORS[mine]:
        return f"{mine} (floor {FLOORS[mine]}) may not import {theirs} (floor {FLOORS[theirs]})"
    if mine == "dashboard" and theirs in HEAVY:
        return f"the dashboard never loads {theirs}: it reads what a run has written"
    return None


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_downwards(path: Path) -> None:
    broken = [f"{path}:{line}: {rule}" for line, name in imports(path) if (rule := breach(path, name))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_short_enough_to_have_one_purpose(path: Path) -> None:
    limit = MAX_PAGE_LINES if path.as_posix().startswith("dashboard/pages/") else MAX_LINES
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= limit, f"{path} has {lines} lines, at most {limit} are allowed"


def test_the_rules_can_fail() -> None:
    assert breach(Path("analysis/base/types.py"), "analysis.data.images.ImageStore")
    assert breach(Path("analysis/noise/combine.py"), "analysis.confusion.graph")
    assert breach(Path("analysis/data/images.py"), "analysis.runs.run")
    assert breach(Path("analysis/review/apply.py"), "dashboard.state")
    assert breach(Path("dashboard/pages/map.py"), "torch")
    assert breach(Path("dashboard/launch.py"), "analysis.pipeline.run")
    assert breach(Path("analysis/runs/run.py"), "pickle")
    assert breach(Path("analysis/runs/run.py"), "analysis.base.errors") is None
    assert breach(Path("analysis/cli.py"), "analysis.pipeline") is None


def test_the_dashboard_does_not_load_heavy_packages() -> None:
    import subprocess
    import sys

    modules = [module_of(path) for path in FILES if path.parts[0] == "dashboard" and "pages" not in path.parts]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted({'torch', 'umap', 'sklearn', 'torchvision', 'pynndescent'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
