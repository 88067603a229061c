"""Every kind of picture comes out as upright RGB; what cannot or must not be decoded is named."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from analysis.base.errors import BadInput, NotFoundHere, Refused
from analysis.data import decode as module
from analysis.data.decode import NEUTRAL, as_jpeg, as_png, check, decode, read_bytes, to_rgb
from tests.data.makers import encoded, picture

RAMP = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)


def grey(image: Image.Image) -> np.ndarray:
    """The values of a picture that must be grey."""
    pixels = np.asarray(image)
    assert pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_not_clipped(kind: str) -> None:
    found = grey(decode(encoded(Image.fromarray(RAMP), kind), "x"))
    assert np.abs(found.astype(float) - RAMP / 257).max() <= 0.51


def test_12_bit_in_16_is_not_left_black() -> None:
    found = grey(decode(encoded(Image.fromarray(RAMP >> 4), "PNG"), "x"))
    assert found.max() == 255 and found.min() == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(0, 1, 16), np.linspace(0, 255, 16)),
        (np.linspace(0, 200, 16), np.linspace(0, 200, 16)),
        (np.linspace(-3, 5, 16), np.linspace(0, 255, 16)),
        (np.full(16, np.nan), np.zeros(16)),
    ],
)
def test_float_tiff(values: np.ndarray, expected: np.ndarray) -> None:
    image = Image.fromarray(values.astype(np.float32).reshape(4, 4))
    found = grey(decode(encoded(image, "TIFF"), "x")).ravel()
    assert np.abs(found - expected).max() <= 1


def test_32_bit_integers_are_stretched() -> None:
    values = np.array([[-70000, 0], [70000, 140000]], np.int32)
    assert grey(to_rgb(Image.fromarray(values))).ravel().tolist() == [0, 85, 170, 255]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    red = decode(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), kind), "x").getpixel((8, 8))
    assert red[0] > 240 and max(red[1:]) < 15


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "YCbCr", "LAB", "HSV"])
def test_modes_keep_the_picture(mode: str) -> None:
    image = Image.new("RGB", (8, 8), (0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 3, 7), fill=(255, 255, 255))
    if mode == "LAB":
        image = Image.merge("LAB", [image.convert("L"), *[Image.new("L", (8, 8), 128)] * 2])
    found = np.asarray(to_rgb(image.convert(mode)).convert("L"))
    assert (found[:, :4] > 240).all() and (found[:, 4:] < 15).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_lies_over_neutral_grey(mode: str) -> None:
    clear = Image.new(mode, (4, 4), tuple([0] * len(mode)))
    assert decode(encoded(clear, "PNG"), "x").getpixel((0, 0)) == NEUTRAL
    half = Image.new("RGBA", (4, 4), (255, 255, 255, 128))
    assert abs(decode(encoded(half, "PNG"), "x").getpixel((0, 0))[0] - 192) <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry(kind: str) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((3, 3), 1)
    found = decode(encoded(image, kind, transparency=0), "x")
    assert found.getpixel((0, 0)) == NEUTRAL
    assert found.getpixel((3, 3)) == (0, 255, 0)


def test_a_transparent_colour_of_rgb() -> None:
    image = Image.new("RGB", (2, 1), (9, 9, 9))
    image.putpixel((1, 0), (200, 0, 0))
    found = decode(encoded(image, "PNG", transparency=(9, 9, 9)), "x")
    assert [found.getpixel((0, 0)), found.getpixel((1, 0))] == [NEUTRAL, (200, 0, 0)]


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_premultiplied_alpha(mode: str) -> None:
    image = Image.new("LA" if mode == "La" else "RGBA", (2, 2), (255, 255) if mode == "La" else (255, 0, 0, 255))
    found = to_rgb(image.convert(mode)).getpixel((0, 0))
    assert found == ((255, 255, 255) if mode == "La" else (255, 0, 0))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    upright = Image.new("RGB", (16, 8), (0, 0, 0))
    ImageDraw.Draw(upright).rectangle((0, 0, 7, 3), fill=(255, 255, 255))  # white at the top left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)  # Image.Transpose that stores it turned
    stored = upright if undo is None else upright.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "PNG", exif=exif)
    found = decode(data, "x")
    assert found.size == (16, 8) == check(data, "x")
    assert found.getpixel((2, 1)) == (255, 255, 255) and found.getpixel((13, 6)) == (0, 0, 0)


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_exif_block_does_not_lose_the_picture() -> None:
    data = encoded(picture(1), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff broken")
    assert decode(data, "x").size == check(data, "x") == (12, 10)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    extra = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **extra)
    assert decode(data, "x").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_a_truncated_file_is_found_by_both_ways(kind: str) -> None:
    data = encoded(picture(3, size=(120, 90)), kind)
    for look in (decode, check):
        with pytest.raises(BadInput, match=r"photo\.x (cannot be decoded|is no image)"):
            look(data[: len(data) // 2], "photo.x")


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"<svg onload='alert(1)'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"GIF89a"]
)
def test_what_is_no_picture_is_named(data: bytes) -> None:
    for look in (decode, check):
        with pytest.raises(BadInput, match="strange"):
            look(data, "strange")


def _claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.mark.parametrize("size", [(14_000, 14_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    for look in (decode, check):
        with pytest.raises(Refused, match="bomb has .* pixels"):
            look(_claims(*size), "bomb")


def test_the_limit_itself_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIXEL_LIMIT", 120)
    assert decode(encoded(picture(0)), "x").size == (12, 10)
    with pytest.raises(Refused, match="x has 13 × 10 pixels – wanted: at most 120 pixels"):
        decode(encoded(picture(0, size=(13, 10))), "x")


def test_a_large_jpeg_may_come_smaller() -> None:
    data = encoded(picture(1, size=(1600, 800)), "JPEG")
    assert decode(data, "x").size == (1600, 800)
    found = decode(data, "x", at_least=150)
    assert min(found.size) >= 150 and found.width < 1600
    assert decode(data, "x", at_least=5000).size == (1600, 800)
    assert check(data, "x") == (1600, 800)


def test_only_regular_files_of_sane_size_are_read(tmp_path: Path) -> None:
    small = tmp_path / "a"
    small.write_bytes(b"12345")
    assert read_bytes(small) == b"12345"
    with pytest.raises(Refused, match="a has 5 bytes – wanted: at most 4"):
        read_bytes(small, limit=4)
    with pytest.raises(NotFoundHere, match="gone is not there any more"):
        read_bytes(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="pipe is no regular file"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(Refused, match="is no regular file"):
        read_bytes(tmp_path)


def test_encoding_in_memory() -> None:
    assert np.array_equal(np.asarray(decode(as_png(picture(2)), "x")), np.asarray(picture(2)))
    assert decode(as_jpeg(picture(2, mode="RGBA")), "x").size == (12, 10)
    assert decode(as_png(np.zeros((3, 5), np.uint8)), "x").size == (5, 3)
