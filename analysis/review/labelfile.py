"""Label patches applied to somebody's own label file: only the cells concerned change, every other byte stays.

Beside the result an exact inverse is written, which gives the original back byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.base.atomic import replacing
from analysis.base.errors import BadInput, NotFoundHere, StoreFailure, UserError
from analysis.review.apply import iso_time
from analysis.review.exactinverse import ExactInverse, Place, Side, is_inverse, read_inverse, restore, write_inverse
from analysis.review.gather import program_version
from analysis.review.labeledits import Edit, Left, plan_edits
from analysis.review.labelrows import lines_of
from analysis.review.layout import Content, Reading, find_layout, read_content
from analysis.review.patch import Patch, inverse
from analysis.review.patchfile import read_patch

SUFFIX = ".inverse"


@dataclass(frozen=True)
class Applied:
    """What was done to a label file, and what was not.

    `out` and `inverse` are the files that were written, None where nothing was. `exact`: the result is the original
    of before, byte for byte. `left` lists every change that was not made and why.
    """

    out: Path | None
    inverse: Path | None
    relabelled: int
    dropped: int
    marked: int  # their label stays; a label list cannot say more
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    exact: bool = False


def apply_patch(patch: Patch, labels: Path | str, *, out: Path | str | None, reading: Reading | None = None) -> Applied:
    """Apply a patch to the label file `labels` and write the result to `out` (the same path: in place; None: nowhere).

    Images that the file lacks, that stand there twice, or that have another label than the patch says are not touched
    but listed. In place the file is replaced in one step: whoever looks sees the old one or the new one. Raises
    BadInput where the file cannot be read as a label file, or `out` is another file that exists.
    """
    path = Path(labels).expanduser().resolve()
    target = _target(path, out)
    reading = reading or Reading()
    stamp = _stamp(path)
    content = read_content(path, reading.encoding)
    plan = plan_edits(patch, content, find_layout(path, content, reading), (path, reading))
    result, places = _rewritten(content, plan.edits)
    done = Applied(None, None, plan.relabelled, plan.dropped, plan.marked, plan.left, plan.notes)
    if target is None:
        return done
    if target == path and not plan.edits:
        return replace(done, notes=(*done.notes, "nothing was written: there is nothing to change"))
    original = content.encode(content.data)
    back = ExactInverse(
        Side.of(target.name, result),
        Side.of(path.name, original),
        places,
        made_at=iso_time(time.time()),
        program=program_version(),
    )
    if content.encoding != "utf-8":
        restore(result, back, target.name)  # a code in which the pieces do not make the whole is refused here
    kept = _free_name(target)
    _write(target, result, stamp=stamp if target == path else None, keep=(kept, back))
    return replace(done, out=target, inverse=kept)


def revert(
    change: Path | str, labels: Path | str, *, out: Path | str | None, reading: Reading | None = None
) -> Applied:
    """Take a change back. `change` is the exact inverse that `apply_patch` wrote, or a patch, or the inverse of one.

    The exact inverse gives the original bytes. With a patch labels are set back by name, in a file that may have
    changed since; a dropped line cannot be made again from names and is listed.
    """
    given = Path(change).expanduser()
    if not is_inverse(given):
        patch = read_patch(given)
        return apply_patch(inverse(patch) if patch.direction == "forward" else patch, labels, out=out, reading=reading)
    path = Path(labels).expanduser().resolve()
    target = _target(path, out)
    stamp = _stamp(path)
    back = read_inverse(given)
    result = restore(path.read_bytes(), back, path.name)
    if target is not None:
        _write(target, result, stamp=stamp if target == path else None)
    drops = sum(not place.found for place in back.places)
    return Applied(target, None, len(back.places) - drops, drops, 0, exact=True)


def _target(path: Path, out: Path | str | None) -> Path | None:
    if out is None:
        return None
    target = Path(out).expanduser().resolve()
    if target != path and target.exists():
        raise BadInput(f"{target} exists", wanted="a new file", hint="to change the label file itself say --in-place")
    return target


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when somebody else writes the file."""
    try:
        facts = path.stat()
    except OSError as error:
        raise NotFoundHere(f"{path} cannot be read: {error.strerror}", wanted="a label file") from error
    return facts.st_mtime_ns, facts.st_size


def _free_name(target: Path) -> Path:
    """An inverse of an earlier patch is never overwritten: taking two patches back takes both inverses."""
    number = 1
    while True:
        kept = target.with_name(f"{target.name}{SUFFIX}{'' if number == 1 else f'.{number}'}.jsonl")
        if not kept.exists():
            return kept
        number += 1


def _rewritten(content: Content, edits: Sequence[Edit]) -> tuple[bytes, tuple[Place, ...]]:
    """(the changed file, the places that changed in it), both in the file's own encoding."""
    lines = lines_of(content.data, [edit.row for edit in edits])
    pieces: list[bytes] = []
    places = []
    read, written = 0, 0
    for edit in edits:
        before, new = content.encode(content.data[read : edit.start]), content.encode(edit.new)
        old = content.encode(content.data[edit.start : edit.stop])
        places.append(Place(written + len(before), new, old, edit.image_id, lines[edit.row]))
        pieces += [before, new]
        read, written = edit.stop, written + len(before) + len(new)
    return b"".join([*pieces, content.encode(content.data[read:])]), tuple(places)


def _write(
    target: Path,
    result: bytes,
    *,
    stamp: tuple[int, int] | None,
    keep: tuple[Path, ExactInverse] | None = None,
) -> None:
    """Write the inverse, then the result in one step; a file that was changed meanwhile is left alone."""
    try:
        with replacing(target) as beside:
            beside.write_bytes(result)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o7777)
            if keep is not None:
                write_inverse(*keep)
            if stamp is not None and _stamp(target) != stamp:
                raise BadInput(
                    f"{target} was changed by somebody else meanwhile", hint="nothing was written; try again"
                )
    except (OSError, UserError) as error:
        if keep is not None and keep[0].is_file():
            keep[0].unlink()  # of a change that was not made: it would lead nowhere
        if isinstance(error, UserError):
            raise
        raise StoreFailure(
            f"{target} could not be written: {error.strerror or error}", hint="the label file is as it was"
        ) from error
