"""Pictures of anybody are remade: what comes out is a picture and nothing else, whatever came in."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shikanji.services.review.errors import NoPicture, PictureTooLarge
from shikanji.services.review.pictures import SCANS_MAX, Picture, remake
from tests.services.review.pictures import bomb, drawn_over, opened, picture, with_notes

RED, BLUE = (254, 0, 0), (0, 0, 254)


def remade(data: bytes, **changes: Any) -> Picture:
    return remake(data, **{"pixels_max": 1_000_000, "side": 1_600, **changes})


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_avif_and_webp(form: str) -> None:
    made = remade(picture(form))

    shown = [opened(made.avif), opened(made.webp)]
    assert [each.format for each in shown] == ["AVIF", "WEBP"]
    assert {each.size for each in shown} == {(80, 40)} == {(made.width, made.height)}
    assert all(near(each.convert("RGB").getpixel((5, 20)), RED) for each in shown)


def test_a_large_picture_becomes_smaller_and_a_small_one_stays() -> None:
    large, small = remade(picture(size=(400, 200)), side=100), remade(picture(size=(30, 60)), side=100)

    assert ((large.width, large.height), (small.width, small.height)) == ((100, 50), (30, 60))


def test_one_picture_is_remade_alike_every_time() -> None:
    assert remade(picture()) == remade(picture())


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [(1, (80, 40), (5, 20)), (3, (80, 40), (75, 20)), (6, (40, 80), (20, 5)), (8, (40, 80), (20, 75))],
)
def test_a_picture_is_turned_upright_and_its_notes_are_left_out(
    orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    came = with_notes(orientation)
    made = remade(came)

    assert b"Phone of Asha" in came
    for data in (made.avif, made.webp):
        shown = opened(data)
        assert shown.size == size
        assert near(shown.convert("RGB").getpixel(red_at), RED)
        assert not shown.getexif()
        assert b"Phone of Asha" not in data
        assert b"Exif" not in data


def test_what_can_be_seen_through_lies_on_white() -> None:
    glass = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(glass, "PNG")

    assert near(opened(remade(glass.getvalue()).webp).convert("RGB").getpixel((10, 10)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "I;16", "LA"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    written = io.BytesIO()
    Image.new(mode, (20, 20)).save(written, "JPEG" if mode == "CMYK" else "PNG")

    assert remade(written.getvalue()).width == 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%PDF-1.7 /JavaScript",
        b"GIF89a" + picture("GIF")[6:],
        picture("BMP"),
        picture("TIFF"),
        b"\xff\xd8\xff" + b"\0" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 100,
        picture("PNG")[:-40],
        picture("JPEG")[:200],
    ],
    ids=range(12),
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NoPicture):
        remade(data)


@pytest.mark.parametrize("size", [(1_001, 1_000), (50_000, 50_000), (20_000, 1), (100_000, 20_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_read(size: tuple[int, int]) -> None:
    with pytest.raises(PictureTooLarge):
        remade(bomb(*size))


def test_a_jpeg_that_is_drawn_over_and_over_is_refused_before_it_is_read() -> None:
    """Each scan of a few bytes takes the time of the whole picture: 250 KB kept a core busy for minutes."""
    assert remade(picture(size=(64, 64), progressive=True)).width == 64
    assert remade(drawn_over(SCANS_MAX)).width == 64

    with pytest.raises(NoPicture, match=f"more than {SCANS_MAX}"):
        remade(drawn_over(SCANS_MAX + 1))


@pytest.mark.parametrize("part", [b"\xff\x01", b"\xff\xe0\x00\x02", b"\xff\xd8"])
def test_a_jpeg_of_countless_parts_is_refused(part: bytes) -> None:
    with pytest.raises(NoPicture, match="parts"):
        remade(picture()[:2] + part * 2_000 + picture()[2:])


def test_what_looks_like_a_scan_in_a_jpegs_notes_is_none() -> None:
    notes = b"\xff\xda" * (SCANS_MAX + 1)
    commented = picture(comment=notes)
    thumbnail = picture()[:2] + b"\xff\xe1" + struct.pack(">H", len(notes) + 2) + notes + picture()[2:]

    assert remade(commented).width == remade(thumbnail).width == remade(picture() + notes).width == 80


def test_what_follows_a_picture_is_left_out() -> None:
    made = remade(picture() + b"PK\x03\x04 <script>alert(1)</script>")

    assert b"script" not in made.avif + made.webp


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([picture("JPEG"), picture("PNG"), picture("WEBP"), with_notes(6)]), st.data())
def test_a_damaged_picture_is_a_picture_or_refused(came: bytes, data: st.DataObject) -> None:
    damaged = bytearray(came)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        made = remade(bytes(damaged))
    except (NoPicture, PictureTooLarge):
        return
    assert opened(made.avif).size == (made.width, made.height)
