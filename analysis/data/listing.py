"""Images listed by path in somebody's table: paths made safe, repeats and missing files set aside with their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from analysis.base.errors import BadInput, UserError
from analysis.data.building import Found
from analysis.data.images import inside
from analysis.data.labels import is_text


def place(found: Found, root: Path | None, *, suffix: str = "") -> None:
    """Make paths relative to `root`; those that leave it, are missing or are no text are set aside.

    The records have a column `where` ("line 7"). Without a root the names are taken as they are.
    """
    keep, paths = [], []
    for path, where in zip(found.records["path"], found.records["where"], strict=True):
        text = path.replace("\\", "/") if "\\" in path and "/" not in path else path
        reason, relative = ("", text + suffix) if root is None else _relative(root, text + suffix)
        reason = reason if path else "no path"
        keep.append(not reason)
        paths.append(relative)
        if reason:
            found.set_aside.append((path or "(blank)", f"{reason} ({where})"))
    found.records["path"] = paths
    found.records = found.records[keep].reset_index(drop=True)
    if not keep or not any(keep):
        path, reason = found.set_aside[0] if found.set_aside else ("", "no rows")
        raise BadInput(
            f"None of the {len(keep)} listed images can be used; the first, {path}: {reason}",
            wanted="paths relative to the list",
            hint="or name their folder with the option root",
        )


def _relative(root: Path, path: str) -> tuple[str, str]:
    """(reason, path relative to root); the reason is empty where the file may be read."""
    if not is_text(path) or "\0" in path:
        return "the path is no valid text", path
    joined = root / path  # an absolute path replaces the root here, and must still lie inside it
    if ".." in Path(path).parts or not joined.is_relative_to(root):
        return f"the path leaves the folder {root}", path
    try:
        target = inside(root, path)
        is_there = target.is_file()
    except (UserError, OSError) as error:
        return str(error) if isinstance(error, UserError) else "the path cannot be used", path
    relative = joined.relative_to(root).as_posix()
    return ("" if is_there else "there is no such file"), relative


def set_repeats_aside(found: Found) -> None:
    """Keep the first of several rows for one image; the others are set aside, a different label told."""
    records = found.records
    again = records["path"].duplicated()
    first = records.drop_duplicates("path").set_index("path")["given"]
    for path, given, where in records.loc[again, ["path", "given", "where"]].itertuples(index=False):
        other = "" if first[path] == given else f" with another label, {_name(found, given)}"
        found.set_aside.append((path, f"listed again{other} ({where})"))
    found.records = records[~again].reset_index(drop=True)


def _name(found: Found, given: int) -> str:
    return repr(found.classes[given]) if given >= 0 else "none"


def require_columns(
    found: Collection[str],
    needed: Sequence[str],
    *,
    header: Sequence[str],
    usual: Mapping[str, Sequence[str]],
    file: str,
) -> None:
    """Refuse a table without one of the `needed` columns, saying what it has and how such a column is called."""
    missing = [name for name in needed if name not in found]
    if missing:
        raise BadInput(
            f"{file} has no {missing[0]} column among {', '.join(header[:12])}",
            wanted="one called " + ", ".join(usual[missing[0]][:5]),
            hint=f"or name it with the option {missing[0]}",
        )
