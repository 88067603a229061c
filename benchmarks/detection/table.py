"""The rows of the benchmark as JSON lines, Markdown tables and one picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

Row = dict[str, Any]
OURS, CLEANLAB, PLAIN, FIFTYONE, GRAPH, R2 = (
    "suspicion",
    "cleanlab 2.9, default filter",
    "plain disagreement",
    "FiftyOne's mistakenness",
    "class_image_graph",
    "rule R2 (other community)",
)
WIDTH, LEFT, LINE, TOP = 940, 330, 22, 64
SERIES = (  # name, how it is drawn, colour: told apart without colour too
    ("ours", "circle", "#0b6e4f"),
    ("best single scorer, found with the truth", "ring", "#5b5f97"),
    ("cleanlab 2.9, its issues first", "square", "#c1443c"),
    ("FiftyOne's mistakenness", "triangle", "#b07d12"),
    ("plain disagreement", "cross", "#70757a"),
)


def write(rows: Sequence[Row], folder: Path) -> None:
    """rows.jsonl, table.md and detection.svg in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "table.md").write_text(
        "\n\n".join((found(rows), more(rows), flagged(rows), calibration(rows), how_many(rows))) + "\n",
        encoding="utf-8",
    )
    (folder / "detection.svg").write_text(picture(rows), encoding="utf-8")


def cases(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """The rows of the methods by case, then by method."""
    out: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        if "method" in row:
            out.setdefault((row["data"], row["noise"]), {})[row["method"]] = row
    return out


def best_scorer(methods: dict[str, Row]) -> Row:
    """The single scorer with the highest AP on this case: nobody knows beforehand which one it is."""
    return max((row for row in methods.values() if row["is_scorer"]), key=lambda row: row["AP"])


def found(rows: Sequence[Row]) -> str:
    """Average precision, a line per case."""
    head = (
        "data, noise (images, wrong)",
        "ours: AP [95 %]",
        "best scorer",
        "ours ahead of it",
        "cleanlab 2.9: issues first · best quality score",
        "FiftyOne",
        "plain",
        "R1 · R2 · R3",
        "recall at 3 % reviewed: ours, cleanlab",
    )
    lines = []
    for (data, noise), methods in cases(rows).items():
        ours, best = methods[OURS], best_scorer(methods)
        quality = [row["AP"] for name, row in methods.items() if name.startswith("cleanlab") and name != CLEANLAB]
        cleanlab = f"{ap(methods, CLEANLAB)} · {short(max(quality))}" if quality else "–"
        rules = [
            next((short(row["AP"]) for n, row in methods.items() if n.startswith(f"rule R{i}")), "–") for i in (1, 2, 3)
        ]
        recall = f"{short(ours['recall@3%'])}, {short(methods[CLEANLAB]['recall@3%']) if CLEANLAB in methods else '–'}"
        lines.append(
            (
                f"{data}, {noise} ({ours['images']:,}, {ours['wrong']:,})",
                f"{short(ours['AP'])} {span(ours['AP_95'])}",
                f"{short(best['AP'])} {best['method']}",
                span(best["ours_ahead_95"]),
                cleanlab,
                ap(methods, FIFTYONE),
                ap(methods, PLAIN),
                " · ".join(rules),
                recall,
            )
        )
    return markdown(head, lines)


def more(rows: Sequence[Row]) -> str:
    """The other figures, a line per case: ours with its interval, the best scorer by AP, cleanlab, FiftyOne."""
    head = (
        "data, noise",
        "AUROC: ours [95 %], best scorer, cleanlab, FiftyOne",
        "precision at as many as are wrong",
        "at 100",
        "recall at 3 % reviewed",
        "at .5 % · 1 %, ours",
    )
    lines = []
    for (data, noise), methods in cases(rows).items():
        ours = methods[OURS]
        told = [four(methods, figure) for figure in ("AUROC", "P@n", "P@100", "recall@3%")]
        first = f"{short(ours['recall@0.5%'])} · {short(ours['recall@1%'])}"
        lines.append((f"{data}, {noise}", *told, first))
    return markdown(head, lines)


def four(methods: dict[str, Row], figure: str) -> str:
    """One figure of ours with its interval, then of the best scorer, cleanlab and FiftyOne."""
    ours = methods[OURS]
    others = [best_scorer(methods), *(methods.get(name) for name in (CLEANLAB, FIFTYONE))]
    rest = ", ".join("–" if row is None else short(row[figure]) for row in others)
    return f"{short(ours[figure])} {span(ours[f'{figure}_95'])}, {rest}"


def flagged(rows: Sequence[Row]) -> str:
    """What methods flag by themselves, with precision and recall."""
    names = {OURS: "ours", GRAPH: "class-image graph", CLEANLAB: "cleanlab 2.9", R2: "rule R2", PLAIN: "plain"}
    right = {(row["data"], row["noise"]): row["suggestion_right"] for row in rows if "suggestion_right" in row}
    head = (
        "data, noise",
        *(f"{name}: flagged, precision, recall" for name in names.values()),
        "suggestion right, of the wrong",
    )
    lines = []
    for case, methods in cases(rows).items():
        there = [methods.get(name, {}) for name in names]
        told = [
            f"{row['flagged']:,}, {short(row['precision'])}, {short(row['recall'])}" if "flagged" in row else "–"
            for row in there
        ]
        lines.append((", ".join(case), *told, short(right.get(case))))
    return markdown(head, lines)


def calibration(rows: Sequence[Row]) -> str:
    """Expected calibration error, and how often labels with a suspicion of 0.5 and more are wrong."""
    head = (
        "data, noise",
        "ECE",
        "ECE of a mean rank",
        "suspicion .5–.7: images, told, wrong",
        ".7–.9",
        ".9–1",
    )
    lines = []
    for row in rows:
        if "calibration" not in row:
            continue
        told = row["calibration"]
        parts = [group(told["bins"], low, high) for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 1.1))]
        lines.append((f"{row['data']}, {row['noise']}", short(told["ECE"]), short(row["ECE of a mean rank"]), *parts))
    return markdown(head, lines)


def group(bins: list[list[float]], low: float, high: float) -> str:
    """Images, mean suspicion and share wrong of the bins from `low` to below `high`."""
    here = [one for one in bins if low - 1e-9 <= one[0] < high - 1e-9]
    n = sum(one[1] for one in here)
    if not n:
        return "–"
    told, wrong = (sum(one[1] * one[i] for one in here) / n for i in (2, 3))
    return f"{n:,.0f}: {short(told)}, {short(wrong)}"


def how_many(rows: Sequence[Row]) -> str:
    """The estimated number of wrong labels beside what is known of it."""
    head = (
        "data, noise",
        "planted",
        "counted by people",
        "ours [interval]",
        "more than with none planted",
        "confident joint",
        "classes covered",
        "pairs covered",
    )
    told = [row for row in rows if "how_many" in row]
    none = {row["data"]: row["how_many"]["estimate"] for row in told if row["noise"] == "none planted"}
    lines = []
    for row in told:
        one = row["how_many"]
        covered = [
            " of ".join(map(str, one[key])) if key in one else "–" for key in ("classes_covered", "pairs_covered")
        ]
        said = {True: "", False: " **missed**", None: " open"}[one["covers"]]
        more = one["estimate"] - none[row["data"]] if one["planted"] and row["data"] in none else None
        lines.append(
            (
                f"{row['data']}, {row['noise']}",
                short(one["planted"]),
                short(one["counted"]),
                f"{short(one['estimate'])} {span(one['interval'])}{said}",
                short(more),
                short(one["confident joint"]),
                *covered,
            )
        )
    return markdown(head, lines)


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    made = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(made + ["| " + " | ".join(line) + " |" for line in lines])


def short(value: float | None) -> str:
    """.123"""
    return "–" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def span(ends: Sequence[float]) -> str:
    """[low, high]"""
    return f"[{short(ends[0])}, {short(ends[1])}]"


def ap(methods: dict[str, Row], name: str) -> str:
    """The AP of a method, or a dash where it cannot judge the case."""
    return short(methods[name]["AP"]) if name in methods else "–"


# -- picture ---------------------------------------------------------------------------------------------------------
def picture(rows: Sequence[Row]) -> str:
    """Average precision of five methods, a line per case, as SVG."""
    lines = list(cases(rows).items())
    height = TOP + LINE * len(lines) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" viewBox="0 0 {WIDTH} {height}">',
        f'<g font-size="12"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="12" y="20" font-size="14" fill="#202124">How early wrong labels come: average precision</text>',
        *legend(),
    ]
    for tenth in range(0, 11, 2):
        x = place(tenth / 10)
        parts.append(f'<path d="M{x:.1f} {TOP - 8}V{height - 30}" stroke="#e3e5e8"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#55595e">{tenth / 10:g}</text>')
    for i, ((data, noise), methods) in enumerate(lines):
        y = TOP + LINE * i + LINE / 2
        name = escape(f"{data}, {noise}")
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end" fill="#202124">{name}</text>')
        low, high = (place(end) for end in methods[OURS]["AP_95"])
        parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{SERIES[0][2]}" stroke-width="2" opacity=".45"/>')
        for (_, shape, colour), value in reversed(list(zip(SERIES, values(methods), strict=True))):
            if value is not None:
                parts.append(mark(shape, place(value), y, colour))
    return "\n".join([*parts, "</g></svg>"]) + "\n"


def values(methods: dict[str, Row]) -> list[float | None]:
    """The AP of every series of the picture."""
    named = [methods.get(name) for name in (CLEANLAB, FIFTYONE, PLAIN)]
    return [methods[OURS]["AP"], best_scorer(methods)["AP"], *(row["AP"] if row else None for row in named)]


def place(value: float) -> float:
    """Where an AP of 0..1 stands."""
    return LEFT + value * (WIDTH - LEFT - 30)


def legend() -> list[str]:
    """The names of the series."""
    parts, x = [], 18.0
    for name, shape, colour in SERIES:
        parts += [mark(shape, x, 40, colour), f'<text x="{x + 10:.0f}" y="44" fill="#202124">{escape(name)}</text>']
        x += 34 + 6.4 * len(name)
    return parts


def mark(shape: str, x: float, y: float, colour: str) -> str:
    """One point."""
    shapes = {
        "circle": f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}"/>',
        "ring": f'<circle cx="{x:.1f}" cy="{y}" r="6.5" fill="none" stroke="{colour}" stroke-width="1.8"/>',
        "square": f'<rect x="{x - 4:.1f}" y="{y - 4}" width="8" height="8" fill="{colour}"/>',
        "triangle": f'<path d="M{x:.1f} {y - 5}l5 9h-10z" fill="{colour}"/>',
        "cross": f'<path d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8" stroke="{colour}" stroke-width="2"/>',
    }
    return shapes[shape]
