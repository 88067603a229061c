"""What happens to the images that have no single right label: counted, and said in words before anything is written."""

from __future__ import annotations

from analysis.review.apply import Cleaned, ExportPolicy
from analysis.review.columns import STATUS

# The statuses and, where the images are left out, the verdicts that belong to each policy
_STATUSES = {
    "several": (STATUS["several"],),
    "none_fits": (STATUS["none_fits"],),
    "unsure": (STATUS["unsure"],),
    "unreviewed": ("unreviewed", STATUS["skip"]),
}
_VERDICTS = {
    "several": "several",
    "none_fits": "none_fits",
    "unsure": "unsure",
    "unreviewed": "",
    "excluded": "exclude",
}

# (which images, what happens to one that is kept, and to several)
_WORDS = {
    "unreviewed": (
        "that nobody has judged",
        "keeps its given label, marked unreviewed or skipped, which says nothing about being right",
        "keep their given labels, marked unreviewed or skipped, which says nothing about being right",
    ),
    "several": (
        "that several labels fit",
        "keeps its given label, marked, with all labels that fit beside it",
        "keep their given labels, marked, with all labels that fit beside them",
    ),
    "none_fits": (
        "that no label fits",
        "keeps its given label, marked as fitting none",
        "keep their given labels, marked as fitting none",
    ),
    "unsure": (
        "the reviewer was unsure of",
        "keeps its given label, marked unsure",
        "keep their given labels, marked unsure",
    ),
    "excluded": (
        "marked as not to be trained on",
        "stays in the list, with the mark",
        "stay in the list, with the mark",
    ),
}


def fates(result: Cleaned) -> dict[str, int]:
    """How many images each policy decides on, by its name. An image that is left out for its mark counts only there."""
    labels, changes = result.labels, result.changes
    status = labels["status"].value_counts()
    dropped = changes.loc[changes["action"] == "drop", "verdict"].replace("skip", "").value_counts()
    counted = {name: sum(int(status.get(one, 0)) for one in _STATUSES.get(name, ())) for name in _WORDS}
    counted["excluded"] = int(labels["excluded"].sum())
    return {name: number + int(dropped.get(_VERDICTS[name], 0)) for name, number in counted.items()}


def sentences(counted: dict[str, int], policy: ExportPolicy) -> list[str]:
    """What happens to them, a sentence for every policy that decides on any image."""
    said = []
    for name, (which, one, many) in _WORDS.items():
        number = counted[name]
        if number == 0:
            continue
        kept = one if number == 1 else many
        gone = "is left out" if number == 1 else "are left out"
        happens = gone if getattr(policy, name) == "drop" else kept
        said.append(f"{number:,} {'image' if number == 1 else 'images'} {which} {happens}.")
    return said
