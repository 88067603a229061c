"""The promises of the palette, checked by simulating colour blindness. [Machado09] matrices, CIELAB distances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dashboard.charts.palette import (
    DARK,
    LIGHT,
    PLOTLY_SHAPES,
    VIS_SHAPES,
    Palette,
    colour_of,
    colour_scale,
    contrast,
    diverging_colours,
    diverging_scale,
    luminance,
    palette,
    scale_colours,
    shape_of,
    text_on,
)

SEEN_BY = {
    "all three cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(seen @ linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("who", SEEN_BY)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.mode)
def test_any_two_categories_can_be_told_apart(colours: Palette, who: str) -> None:
    places = [lab(c, SEEN_BY[who]) for c in colours.categories]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(places, 2))
    assert nearest >= 10, f"two colours are only {nearest:.1f} apart"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.mode)
def test_contrast_against_the_page(colours: Palette) -> None:
    assert contrast(colours.ink, colours.background) >= 7
    assert contrast(colours.muted, colours.background) >= 4.5
    assert contrast(colours.muted, colours.surface) >= 4.5
    assert contrast(colours.accent, colours.background) >= 4.5
    assert all(contrast(c, colours.background) >= 3 for c in colours.categories)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.mode)
def test_the_sequence_goes_one_way_from_the_page_to_the_ink(colours: Palette) -> None:
    steps = [luminance(c) for c in colours.sequence]
    assert steps == sorted(steps, reverse=colours.mode == "light")
    assert contrast(colours.sequence[0], colours.background) < 1.2
    assert contrast(colours.sequence[-1], colours.background) > 7
    scale = colour_scale(colours)
    assert scale[0][0] == 0 and scale[-1][0] == 1


def test_seventy_categories_in_a_row_look_different() -> None:
    looks = {(colour_of(k, LIGHT), shape_of(k)) for k in range(70)}
    assert len(looks) == 70
    assert len(PLOTLY_SHAPES) == len(VIS_SHAPES)


def test_the_mode_of_the_page_chooses_and_light_is_the_default() -> None:
    assert palette("dark") is DARK
    assert palette("light") is palette(None) is LIGHT


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda c: c.mode)
def test_numbers_can_be_read_on_every_colour_of_the_scale(colours: Palette) -> None:
    shades = scale_colours(np.linspace(0, 1, 201), colours)
    assert shades[0] == colours.sequence[0] and shades[-1] == colours.sequence[-1]
    assert min(contrast(text_on(shade), shade) for shade in shades) >= 4.5


def test_contrast_of_black_on_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("who", SEEN_BY)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.mode)
def test_more_and_less_are_told_apart_at_any_strength(colours: Palette, who: str) -> None:
    for share in (0.3, 0.6, 1.0):
        less, more = (lab(c, SEEN_BY[who]) for c in diverging_colours(np.array([-share, share]), colours))
        assert np.linalg.norm(less - more) >= 20
    steps = [lab(c, SEEN_BY[who]) for c in diverging_colours(np.linspace(-1, 1, 9), colours)]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.pairwise(steps)) >= 4
    middle = lab(colours.diverging[len(colours.diverging) // 2], SEEN_BY[who])
    assert np.linalg.norm(middle - lab(colours.background, SEEN_BY[who])) < 10, "no change looks like nothing"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.mode)
def test_as_much_more_is_as_strong_as_as_much_less(colours: Palette) -> None:
    ends = [luminance(colours.diverging[i]) for i in (0, -1)]
    assert abs(ends[0] - ends[1]) < 0.12
    assert diverging_scale(colours)[0] == (0, colours.diverging[0])
