"""The label patch: what changes in a label list, image by image, as a file that can be applied, taken back and merged.

UTF-8 JSON Lines. The first line is the header (format, version, classes, data set, …), then one change a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from analysis.base.errors import BadInput

FORMAT = "lookalike-label-patch"
VERSION = 1

# relabel: another label. drop: out of the list. mark: the label stays, the verdict says what is wrong with it.
# In an inverse patch: relabel the other way round, restore what was dropped, unmark.
Action = Literal["relabel", "drop", "mark", "restore", "unmark"]
ACTIONS: tuple[Action, ...] = get_args(Action)
FORWARD: tuple[Action, ...] = ("relabel", "drop", "mark")
BACKWARD: tuple[Action, ...] = ("relabel", "restore", "unmark")
_INVERSE: dict[Action, Action] = {"drop": "restore", "restore": "drop", "mark": "unmark", "unmark": "mark"}


@dataclass(frozen=True)
class Said:
    """Another person who came to the same result: merging patches keeps every one of them."""

    reviewer: str
    verdict: str
    decided_at: str
    note: str = ""


@dataclass(frozen=True)
class Change:
    """One image. `old` and `new` are class names; `new` is "" where the image leaves the list, `old` where it returns.

    `labels` are all that fit, where the verdict is several. `excluded`: marked as not to be trained on. `decided_at`
    is ISO 8601 in UTC. `suspicion` is in 0..1, None where nobody measured it.
    """

    image_id: str
    path: str
    action: Action
    old: str
    new: str
    labels: tuple[str, ...] = ()
    excluded: bool = False
    verdict: str = ""
    reviewer: str = ""
    decided_at: str = ""
    reason: str = ""
    suspicion: float | None = None
    suggested: str = ""
    run_id: str = ""
    note: str = ""
    others: tuple[Said, ...] = ()

    @property
    def result(self) -> tuple[Any, ...]:
        """What it comes to, so that two changes of one image can be compared."""
        return self.action, self.old, self.new, tuple(sorted(self.labels)), self.excluded


@dataclass(frozen=True)
class Patch:
    """A header and its changes, every image once. `direction` is forward, or inverse for one that takes back."""

    classes: tuple[str, ...]
    changes: tuple[Change, ...]
    fingerprint: str = ""  # of the data set; "" = not known, or several
    data_set: str = ""  # its name, for people
    direction: Literal["forward", "inverse"] = "forward"
    made_at: str = ""
    run: str = ""
    program: str = ""
    about: dict[str, Any] = field(default_factory=dict)  # what else the header says, such as what was merged

    def counts(self) -> dict[str, int]:
        """How many changes of each action."""
        return dict(sorted(Counter(change.action for change in self.changes).items()))

    def index(self) -> dict[str, int]:
        """The number of each class: what its label is in a list that holds class numbers."""
        return {name: i for i, name in enumerate(self.classes)}


@dataclass(frozen=True)
class Conflict:
    """Changes of one image that exclude each other, with the names of the patches that ask for them."""

    image_id: str
    problem: str
    changes: tuple[tuple[str, Change], ...]

    def __str__(self) -> str:
        asked = "; ".join(f"{name}: {describe(change)}" for name, change in self.changes)
        return f"{self.image_id!r}: {self.problem} ({asked})"


def describe(change: Change) -> str:
    """One change in a few words; names as Python writes them, so that no control character reaches a terminal."""
    words = {
        "relabel": f"{change.old!r} to {change.new!r}",
        "drop": f"drop {change.old!r}",
        "restore": f"restore {change.new!r}",
    }
    said = words.get(change.action, f"{change.action} {change.old!r} as {change.verdict or 'excluded'}")
    return said + (" and exclude" if change.excluded and change.action == "relabel" else "")


def inverse(patch: Patch) -> Patch:
    """The patch that takes `patch` back; the inverse of the inverse is the patch itself."""
    changes = tuple(
        replace(change, old=change.new, new=change.old, action=_INVERSE.get(change.action, change.action))
        for change in patch.changes
    )
    back: Literal["forward", "inverse"] = "inverse" if patch.direction == "forward" else "forward"
    return replace(patch, changes=changes, direction=back)


def merge(patches: Sequence[Patch], names: Sequence[str] | None = None) -> tuple[Patch, list[Conflict]]:
    """(one patch of all, what was left out because patches exclude each other).

    Equal changes become one that names every reviewer. Different results or old labels of one image are a conflict:
    the image is left out whole, nothing is guessed. Patches with other classes, or of another direction, are refused,
    for their labels mean something else; patches of another version of the data set (fingerprint) are merged, and the
    header says so under `about["fingerprints"]`: their old labels are compared, here and when the patch is applied.
    `names` say where each patch came from (default: patch 1, patch 2, …).
    """
    names = names or [f"patch {i}" for i in range(1, len(patches) + 1)]
    if not patches:
        raise BadInput("There is nothing to merge", wanted="one patch or more")
    first = patches[0]
    for name, patch in zip(names[1:], patches[1:], strict=True):
        _check_alike(first, patch, (names[0], name))
    asked: dict[str, list[tuple[str, Change]]] = {}
    for name, patch in zip(names, patches, strict=True):
        for change in patch.changes:
            asked.setdefault(change.image_id, []).append((name, change))
    conflicts, changes = [], []
    for image_id, said in asked.items():
        problem = _problem([change for _, change in said])
        if problem:
            conflicts.append(Conflict(image_id, problem, tuple(said)))
        else:
            changes.append(_joined([change for _, change in said]))
    prints = list(dict.fromkeys(patch.fingerprint for patch in patches))
    sources = [
        {"name": name, "made_at": p.made_at, "changes": len(p.changes)} for name, p in zip(names, patches, strict=True)
    ]
    merged = replace(
        first,
        changes=tuple(changes),
        fingerprint=prints[0] if len(prints) == 1 else "",
        run=first.run if len({patch.run for patch in patches}) == 1 else "",
        made_at=max(patch.made_at for patch in patches),
        about={"merged_from": sources, "fingerprints": prints, "conflicts_left_out": len(conflicts)},
    )
    return merged, conflicts


def _check_alike(first: Patch, other: Patch, names: tuple[str, str]) -> None:
    if first.direction != other.direction:
        raise BadInput(f"{names[0]} is a patch and {names[1]} an inverse, or the other way round", wanted="one kind")
    if first.classes == other.classes:
        return
    apart = sorted(set(first.classes) ^ set(other.classes))
    what = f"{apart[0]!r} is a class of one only" if apart else "the classes stand in another order"
    raise BadInput(
        f"{names[0]} and {names[1]} are of data sets with other classes: {what}",
        wanted="patches of one data set",
        hint="a label of one would mean something else in the other",
    )


def _problem(changes: list[Change]) -> str:
    """Why the changes of one image cannot all be done; "" where they are the same."""
    if len({change.result for change in changes}) == 1:
        return ""
    before = "new" if changes[0].action == "restore" else "old"
    if len({getattr(change, before) for change in changes}) > 1:
        return "the label before is not the same"
    return "the results differ"


def _joined(changes: list[Change]) -> Change:
    """The first of equal changes, with everybody else who said so."""
    first = changes[0]
    mine = Said(first.reviewer, first.verdict, first.decided_at, first.note)
    said = [Said(change.reviewer, change.verdict, change.decided_at, change.note) for change in changes]
    others = [*said, *(other for change in changes for other in change.others)]
    return replace(first, others=tuple(other for other in dict.fromkeys(others) if other != mine))
