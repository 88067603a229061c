"""Decisions from a file into the store: matched with the data set, booked once, and what could not be used listed."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.types import MARKS, Dataset, Decision
from analysis.review.decisions import DecisionStore
from analysis.review.importer import Asked, Importer, Word, class_numbers, given_of, importer_for
from analysis.review.limits import MAX_BATCH, SEPARATOR, sift
from analysis.runs.workspace import Workspace

_WITH_NEW = ("relabel", "several")
_ALLOWED = ("relabel", "keep", "several", "none_fits", "unsure", "skip", *MARKS)
_REPEATS = "repeat the given label, and no verdict says that anybody looked"
_SAME_TIME = 0.001  # seconds; files round times


@dataclass(frozen=True)
class Problem:
    """A line that was not brought in, and why."""

    line: int
    image: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.image!r}: {self.problem}"


@dataclass
class ImportReport:
    """What became of every line of a file: `words` = booked + again + known + left in `problems`.

    `booked`: new in the store (with `dry_run`: would be). `again`: booked from this very file before. `known`: the
    reviewer's word on that image stands already, this one or a later one. `silent` lines, by reason, are no decisions.
    """

    file: str
    format: str
    title: str
    dry_run: bool
    words: int = 0
    booked: int = 0
    again: int = 0
    known: int = 0
    silent: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    reviewers: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One sentence on what was done."""
        kinds = ", ".join(f"{n:,} × {verdict}" for verdict, n in sorted(self.verdicts.items())) or "nothing new"
        who = " by " + ", ".join(repr(name) for name in sorted(self.reviewers)) if self.reviewers else ""
        done = f"decision{'s' * (self.booked != 1)} {'would be booked' if self.dry_run else 'booked'}"
        rest = [f"{self.again:,} booked from this file before"] if self.again else []
        rest += [f"{self.known:,} not newer than what stands"] if self.known else []
        rest += [f"{n:,} {why}" for why, n in sorted(self.silent.items())]
        rest += [f"{len(self.problems):,} could not be used"] if self.problems else []
        rest += [f"note: {note}" for note in self.notes]
        tail = f"; {'; '.join(rest)}" if rest else ""
        return f"{self.file} ({self.title}): {self.booked:,} {done} ({kinds}){who}{tail}"


def import_file(
    workspace: Workspace,
    store: DecisionStore,
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002  # the word that the command line and the exporters use
    reviewer: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Book what people said in a file, each word once however often the file is brought in.

    `format` is the name of an importer, or NAME:COLUMN for one that must be told which column to trust; None: found.
    `reviewer` stands in where the file names nobody. Images, classes and given labels are those of the workspace; a
    line that names others is listed in `problems`, nothing is guessed. Raises BadInput for a file that cannot be read.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise NotFoundHere(f"There is no file {path}", wanted="a file with decisions")
    name, _, trust = (format or "").partition(":")
    spec = importer_for(path, name or None)
    dataset = workspace.dataset()
    session = f"import:{spec.name}:{_digest([path, *spec.beside(path)])}"
    asked = Asked(dataset, trust, reviewer or "")
    words = list(spec.read(path, asked))
    report = ImportReport(path.name, spec.name, spec.title, dry_run, notes=asked.notes)
    made = list(_decisions(words, _Here(dataset, spec, words), report, (session, reviewer or "")))
    wanted = _newer(store, _not_booked(store, _one_each(made, report), report), report)
    report.verdicts = Counter(decision.verdict for decision in wanted)
    report.reviewers = Counter(decision.reviewer for decision in wanted)
    report.booked = len(wanted)
    report.problems.sort(key=lambda problem: problem.line)
    for start in range(0, 0 if dry_run else len(wanted), MAX_BATCH):
        store.book(wanted[start : start + MAX_BATCH])
    return report


def _digest(paths: Sequence[Path]) -> str:
    """Tells files apart by what is in them."""
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


class _Here:
    """The data set that words are matched with."""

    def __init__(self, dataset: Dataset, spec: Importer, words: Iterable[Word]) -> None:
        self.given: dict[str, str] = given_of(dataset).to_dict()
        self.classes = set(dataset.classes)
        ids, paths = dataset.table["image_id"].tolist(), dataset.table["path"].tolist()
        self._names = self._unique(zip(paths, ids, strict=True)) | dict.fromkeys(ids, "")
        self._files = self._unique((PurePosixPath(path).name, one) for path, one in zip(paths, ids, strict=True))
        said = [text for word in words for text in (*word.labels, word.given or "")]
        self._called = class_numbers(said, dataset.classes) if spec.numbers else {}

    @staticmethod
    def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Name -> image id, "" (no image) where two images share a name."""
        found: dict[str, str] = {}
        for name, image_id in pairs:
            found[name] = image_id if found.get(name, image_id) == image_id else ""
        return found

    def image(self, word: Word) -> str | None:
        """The id of the image that a word is about, or None."""
        for name in word.images:
            for spelled in (name, PurePosixPath(name.replace("\\", "/")).as_posix()):
                if spelled in self.given:
                    return spelled
                if self._names.get(spelled):
                    return self._names[spelled]
        return next((self._files[name] for name in word.file_names if self._files.get(name)), None)

    def only_repeats(self, word: Word) -> bool:
        """Does a line that need not be a verdict say what the given label says anyway?"""
        if word.keeps or word.verdict or len(word.labels) != 1 or word.problem:
            return False
        image = self.image(word)
        return image is not None and self.label(word.labels[0]) == self.given[image]

    def label(self, text: str) -> str:
        """What a label of the file is called here."""
        return self._called.get(text, text)


def _decisions(
    words: Iterable[Word], here: _Here, report: ImportReport, by: tuple[str, str]
) -> Iterator[tuple[Word, Decision]]:
    """The decisions that the words come to; silent lines are counted, unusable ones listed."""
    session, reviewer = by
    on_line: Counter[int] = Counter()
    nobody = 0
    for word in words:
        silent = word.silent or (_REPEATS if here.only_repeats(word) else "")
        if silent:
            report.silent[silent] += 1
            continue
        report.words += 1
        part, on_line[word.line] = on_line[word.line], on_line[word.line] + 1
        decision = _decision(word, here, f"{session}.{part}" if part else session, word.reviewer or reviewer or "?")
        if isinstance(decision, str):
            report.problems.append(Problem(word.line, (*word.images, "")[0], decision))
            continue
        nobody += not (word.reviewer or reviewer)
        yield word, decision
    if nobody:
        lines = f"{nobody:,} lines of {report.file} do" if nobody > 1 else f"1 line of {report.file} does"
        raise BadInput(f"{lines} not say who decided", wanted="--reviewer NAME")


def _decision(word: Word, here: _Here, session: str, reviewer: str) -> Decision | str:
    """The decision that a word comes to, or why it cannot be one."""
    image = here.image(word)
    problem = word.problem or ("" if image else "there is no such image, or more than one, in this data set")
    if problem or image is None:
        return problem
    given, labels = here.given[image], tuple(dict.fromkeys(here.label(label) for label in word.labels))
    if word.given is not None and here.label(word.given) != given:
        return f"its given label was {word.given!r} when it was judged, here it is {given!r}"
    unknown = next((label for label in labels if label not in here.classes), None)
    if unknown is not None:
        return f"{unknown!r} is no class of this data set"
    verdict = word.verdict or ("several" if len(labels) > 1 else "keep" if labels == (given,) else "relabel")
    verdict = "keep" if (verdict, labels) == ("relabel", (given,)) else verdict
    problem = _contradiction(verdict, labels, given)
    if problem:
        return problem
    suggested = here.label(word.suggested)
    decision = Decision(
        image_id=image,
        verdict=verdict,  # type: ignore[arg-type]  # checked: one of _ALLOWED
        given=given,
        suggested=suggested if suggested in here.classes else "",
        new_label=SEPARATOR.join(labels) if verdict in _WITH_NEW else None,
        reviewer=reviewer,
        run_id=word.run_id,
        session=session,
        seq=word.line,
        decided_at=time.time() if word.decided_at is None else word.decided_at,
        note=word.note,
        mode="import",
    )
    refused = sift([decision])[1]
    return refused[0][1] if refused else decision


def _contradiction(verdict: str, labels: tuple[str, ...], given: str) -> str:
    if verdict not in _ALLOWED:
        return f"the verdict {verdict[:60]!r} is not known"
    if verdict == "relabel" and len(labels) != 1:
        return f"a relabel names one new label, this one {len(labels)}"
    if verdict == "several" and len(labels) < 2:
        return f"several labels fit, but the line names {len(labels)}"
    if verdict == "keep" and labels not in ((), (given,)):
        return f"it keeps the given label and names {labels[0]!r}"
    return ""


def _aspect(decision: Decision) -> tuple[str, str, bool]:
    return decision.image_id, decision.reviewer, decision.verdict in MARKS


def _one_each(made: Iterable[tuple[Word, Decision]], report: ImportReport) -> list[tuple[Word, Decision]]:
    """A person's last word on each image; two that cannot be put in order of time and differ are both listed."""
    groups: dict[tuple[str, str, bool], list[tuple[Word, Decision]]] = {}
    for word, decision in made:
        groups.setdefault(_aspect(decision), []).append((word, decision))
    kept = []
    for group in groups.values():
        latest = max(word.decided_at or 0 for word, _ in group)
        last = [one for one in group if (one[0].decided_at or 0) == latest]
        if len({(decision.verdict, decision.new_label) for _, decision in last}) > 1:
            for word, decision in last:
                lines = ", ".join(str(other.line) for other, _ in last)
                why = f"{decision.reviewer!r} says different things of it in the lines {lines}"
                report.problems.append(Problem(word.line, decision.image_id, why))
            report.known += len(group) - len(last)
            continue
        report.known += len(group) - 1
        kept.append(last[0])
    return kept


def _not_booked(
    store: DecisionStore, made: Iterable[tuple[Word, Decision]], report: ImportReport
) -> Iterator[tuple[Word, Decision]]:
    """Those that this very file has not booked before."""
    known: dict[str, set[int]] = {}
    for word, decision in made:
        seqs = known.get(decision.session)
        if seqs is None:
            seqs = known[decision.session] = set(store.booked_seqs(decision.session))
        if decision.seq in seqs:
            report.again += 1
        else:
            yield word, decision


def _newer(store: DecisionStore, made: Iterable[tuple[Word, Decision]], report: ImportReport) -> list[Decision]:
    """Those that are newer than the same person's word that stands, or where none stands."""
    stands = _standing(store)
    kept = []
    for word, decision in made:
        before = stands.get(_aspect(decision))
        if before is not None:
            at, verdict, new_label = before
            same = (verdict, new_label) == (decision.verdict, decision.new_label or "")
            if same or (word.decided_at is not None and word.decided_at <= at + _SAME_TIME):
                report.known += 1
                continue
        kept.append(decision)
    return kept


def _standing(store: DecisionStore) -> dict[tuple[str, str, bool], tuple[float, str, str]]:
    """(image, reviewer, is a mark) -> (time, verdict, new label) of what stands."""
    both = pd.concat([store.current(), store.excluded()], ignore_index=True)
    columns = ("image_id", "reviewer", "decided_at", "verdict", "new_label")
    rows = zip(*(both[name] for name in columns), strict=True)
    return {(image, who, verdict in MARKS): (at, verdict, new) for image, who, at, verdict, new in rows}
