"""Our own label patch: every change is what its reviewer said, and so said everybody else it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from analysis.base.errors import BadInput
from analysis.review.importer import Asked, Word, importer, seconds_of
from analysis.review.patch import Change
from analysis.review.patchfile import is_patch, read_patch

READING = (
    "Every change of a label patch is a decision of the reviewer it names. What nobody judged (an image dropped "
    "because it was not reviewed) is none. Images that were kept as they are do not stand in a patch."
)


@importer("patch", title="label patch", reading=READING, sniff=is_patch)
def read(path: Path, asked: Asked) -> Iterator[Word]:
    """The words of a patch, in the order of its lines."""
    patch = read_patch(path)
    if patch.direction == "inverse":
        raise BadInput(f"{path.name} is an inverse: it takes decisions back", wanted="patch.jsonl of an export")
    if patch.classes != asked.dataset.classes:
        raise BadInput(f"{path.name} was made for a data set with other classes", wanted="a patch of this data set")
    if patch.fingerprint != asked.dataset.fingerprint:
        asked.notes.append("the patch is of another version of this data set: images and given labels were compared")
    for line, change in enumerate(patch.changes, start=2):
        yield from _words(change, line)


def _words(change: Change, line: int) -> Iterator[Word]:
    word = Word(
        line,
        (change.image_id, change.path),
        verdict=change.verdict,
        labels=_labels(change, change.verdict),
        given=change.old,
        reviewer=change.reviewer,
        note=change.note,
        suggested=change.suggested,
        run_id=change.run_id,
    )
    if not change.verdict:
        yield replace(word, silent="left out because nobody had judged them")
        return
    yield _timed(word, change.decided_at)
    for said in change.others:
        other = replace(word, reviewer=said.reviewer, verdict=said.verdict, note=said.note)
        yield _timed(replace(other, labels=_labels(change, said.verdict)), said.decided_at)
    if change.excluded and change.verdict != "exclude":
        yield _timed(replace(word, verdict="exclude", labels=(), note=""), change.decided_at)


def _labels(change: Change, verdict: str) -> tuple[str, ...]:
    return {"relabel": (change.new,), "several": change.labels}.get(verdict, ())


def _timed(word: Word, text: str) -> Word:
    try:
        return replace(word, decided_at=seconds_of(text))
    except ValueError:
        return replace(word, problem=f"{text[:40]!r} is no time")
