"""Colours and shapes of data, in light and dark. Never colour alone: a category is a colour and a shape.

Ten colours that people with red-green or blue-yellow blindness can tell apart (tests/dashboard/test_palette.py
simulates it), each at least 3 : 1 against the page. Seven shapes; 10 and 7 share no divisor, so 70 categories in a row
look different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["light", "dark"]
PLOTLY_SHAPES = ("circle", "diamond", "square", "triangle-up", "triangle-down", "star", "hexagon")
VIS_SHAPES = ("dot", "diamond", "square", "triangle", "triangleDown", "star", "hexagon")
GLYPHS = ("●", "◆", "■", "▲", "▼", "★", "⬢")


@dataclass(frozen=True)
class Palette:
    """The colours of one mode: background, ink and lines of the page, categories, one hue from little to much."""

    mode: Mode
    background: str
    surface: str
    ink: str
    muted: str
    line: str
    accent: str
    faint: str  # points that are not meant
    categories: tuple[str, ...]
    sequence: tuple[str, ...]  # low to high
    diverging: tuple[str, ...]  # less (blue) over nothing to more (orange)


LIGHT = Palette(
    mode="light",
    background="#FFFFFF",
    surface="#F3F5F7",
    ink="#0F1820",
    muted="#5A6772",
    line="#DCE2E7",
    accent="#C2410C",
    faint="#C9D0D6",
    categories=(
        "#1872D0",
        "#C35B0D",
        "#10A85D",
        "#792A84",
        "#745506",
        "#6191DC",
        "#5A3A22",
        "#7E8491",
        "#D83D73",
        "#18191B",
    ),
    sequence=("#F4F7FA", "#CFE0EE", "#9CC2DF", "#5F9AC7", "#2B6CA3", "#0D3B66"),
    diverging=("#0D4F8B", "#5C9BD1", "#F4F6F8", "#E8955A", "#9A3A06"),
)
DARK = Palette(
    mode="dark",
    background="#13181D",
    surface="#1D242B",
    ink="#E3E8EC",
    muted="#9BA8B3",
    line="#323C45",
    accent="#FDA172",
    faint="#3B4650",
    categories=(
        "#4F9FE6",
        "#EB6D34",
        "#2CD0A1",
        "#D994CC",
        "#ECC55C",
        "#A5DCF7",
        "#B1947A",
        "#93999E",
        "#7C6FE0",
        "#F4F4F4",
    ),
    sequence=("#1A2128", "#1F3A52", "#28597F", "#3F86B8", "#7DB9E3", "#D6EBFB"),
    diverging=("#9CD0F7", "#3579B0", "#1E262D", "#B0602B", "#FFC08A"),
)


def palette(mode: str | None) -> Palette:
    """The palette of "dark", or the light one for anything else."""
    return DARK if mode == "dark" else LIGHT


def colour_of(number: int, colours: Palette) -> str:
    """The colour of category `number`; they repeat, together with the shapes, every 70."""
    return colours.categories[number % len(colours.categories)]


def shape_of(number: int, shapes: tuple[str, ...] = PLOTLY_SHAPES) -> str:
    """The shape of category `number` in the words of Plotly, vis-network or text."""
    return shapes[number % len(shapes)]


def colour_scale(colours: Palette) -> list[tuple[float, str]]:
    """The single-hue sequence as a Plotly colour scale."""
    last = len(colours.sequence) - 1
    return [(i / last, colour) for i, colour in enumerate(colours.sequence)]


def diverging_scale(colours: Palette) -> list[tuple[float, str]]:
    """Blue for less, orange for more, the colour of the page for nothing, as a Plotly colour scale."""
    last = len(colours.diverging) - 1
    return [(i / last, colour) for i, colour in enumerate(colours.diverging)]


def scale_colours(shares: NDArray[np.floating], colours: Palette) -> list[str]:
    """The colours of the sequence at (N,) shares in 0..1, as Plotly mixes them."""
    return _mixed(shares, colours.sequence)


def diverging_colours(shares: NDArray[np.floating], colours: Palette) -> list[str]:
    """The diverging colours at (N,) shares in -1..1, as Plotly mixes them."""
    return _mixed((np.asarray(shares) + 1) / 2, colours.diverging)


def _mixed(shares: NDArray[np.floating], sequence: tuple[str, ...]) -> list[str]:
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in sequence])
    place = np.clip(shares, 0, 1) * (len(stops) - 1)
    mixed = [np.interp(place, np.arange(len(stops)), stops[:, channel]).round().astype(int) for channel in range(3)]
    return [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in zip(*mixed, strict=True)]


def text_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour: never under 4.5 : 1."""
    return max("#000000", "#FFFFFF", key=lambda ink: contrast(ink, colour))


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" in 0..1 [WCAG22]."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1..21 [WCAG22]."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
