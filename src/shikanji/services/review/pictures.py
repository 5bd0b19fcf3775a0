"""Pictures as they come from anybody's phone, made into what everybody may be shown: read as what they begin like and
as nothing else, capped before they are decoded, turned upright, made smaller, and written anew without what else was in
the file. It takes tenths of a second and lets other threads run meanwhile."""

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shikanji.services.review.errors import NoPicture, PictureTooLarge

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
BYTES_MAX = 8 << 20
SIDE_MAX = 16_384
"""Of a picture as it comes: WebP knows no longer side."""

SCANS_MAX = 32
"""Of a JPEG: a progressive one has about ten, and each goes over the whole picture, however few bytes it has."""
PARTS_MAX = 1_000
"""Of a JPEG: notes, tables and scans; the largest profiles and notes that cameras write come in some hundred."""

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""Of a JPEG: neither a byte of its content nor a place to begin again in it."""
_ALONE, _END, _SCAN = frozenset({0x01, 0xD8}), 0xD9, 0xDA
_ORIENTATION = 0x0112
_QUALITY_AVIF, _SPEED_AVIF = 60, 8
_QUALITY_WEBP = 80


class Picture(NamedTuple):
    """Width and height are the files'."""

    width: int
    height: int
    avif: bytes
    webp: bytes


def digest_of(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def remake(data: bytes, *, pixels_max: int, side: int) -> Picture:
    """`side`: the longer side of the result at most. Raises NoPicture, PictureTooLarge."""
    kind = _kind(data)
    try:
        upright = _read(data, kind, pixels_max, side)
        avif, webp = _written(upright)
    except (NoPicture, PictureTooLarge):
        raise
    except Exception as error:
        # Whatever a decoder says to a file that somebody has made up.
        raise NoPicture(f"It begins like {kind} and cannot be read as that.") from error
    return Picture(upright.width, upright.height, avif, webp)


def _kind(data: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff":
        _check_parts(data)
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise NoPicture("JPEG, PNG and WebP are taken.")


def _check_parts(data: bytes) -> None:
    """Of a JPEG. Raises NoPicture."""
    scans, at = 0, 2
    for _ in range(PARTS_MAX):
        found = _MARKER.search(data, at)
        if found is None or found[1][0] == _END:
            return
        marker, at = found[1][0], found.end()
        scans += marker == _SCAN
        if scans > SCANS_MAX:
            raise NoPicture(f"It is drawn in more than {SCANS_MAX} goes.")
        if marker not in _ALONE:
            at += int.from_bytes(data[at : at + 2])
    raise NoPicture(f"It has more than {PARTS_MAX} parts.")


def _read(data: bytes, kind: str, pixels_max: int, side: int) -> "Image":
    from PIL import Image

    try:
        # Reads the head only.
        picture = Image.open(io.BytesIO(data), formats=(kind,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise PictureTooLarge(_cap(pixels_max)) from bomb
    with picture:
        if picture.width * picture.height > pixels_max or max(picture.size) > SIDE_MAX:
            raise PictureTooLarge(_cap(pixels_max))
        turn = _TURNS.get(_orientation(picture))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        plain = Image.new("RGB", picture.size, "white")
        visible = picture.convert("RGBA") if "A" in picture.getbands() or "transparency" in picture.info else None
        plain.paste(picture if visible is None else visible, mask=visible)
    return plain if turn is None else plain.transpose(getattr(Image.Transpose, turn))


def _orientation(picture: "Image") -> Any:
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except Exception:
        # A picture whose notes are broken can still be looked at.
        return 1


def _written(picture: "Image") -> tuple[bytes, bytes]:
    """AVIF and WebP. `picture` is a fresh one: it carries nothing but its pixels."""
    from PIL import AvifImagePlugin, WebPImagePlugin  # noqa: F401 - registers what writes them, and no other format

    avif, webp = io.BytesIO(), io.BytesIO()
    picture.save(avif, "AVIF", quality=_QUALITY_AVIF, speed=_SPEED_AVIF, max_threads=1)
    picture.save(webp, "WEBP", quality=_QUALITY_WEBP, method=4)
    return avif.getvalue(), webp.getvalue()


def _cap(pixels_max: int) -> str:
    return f"At most {pixels_max // 1_000_000} megapixels, and {SIDE_MAX} pixels a side."


_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
