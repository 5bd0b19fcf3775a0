"""Pictures as phones and people with bad intentions send them."""

import io
import re
import struct
import zlib
from typing import Any

from PIL import Image

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def picture(form: str = "JPEG", size: tuple[int, int] = (80, 40), **options: Any) -> bytes:
    """Its left half red, its right half blue."""
    made = Image.new("RGB", size, "red")
    made.paste("blue", (size[0] // 2, 0, *size))
    written = io.BytesIO()
    made.save(written, form, **options)
    return written.getvalue()


def with_notes(orientation: int) -> bytes:
    """Taken with the camera held otherwise, and knowing where."""
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    notes[MAKE] = "Phone of Asha"
    notes.get_ifd(GPS)[2] = (12.0, 58.0, 17.0)
    return picture(exif=notes.tobytes())


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says to be very large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + _chunk(b"IEND")
    )


def drawn_over(times: int) -> bytes:
    """A JPEG that goes over its picture so often: its last scan is there again and again."""
    written = picture(size=(64, 64), progressive=True)
    scans = [found.start() for found in re.finditer(rb"\xff\xda", written)]
    return written[:-2] + written[scans[-1] : -2] * (times - len(scans)) + b"\xff\xd9"


def opened(data: bytes) -> Image.Image:
    made = Image.open(io.BytesIO(data))
    made.load()
    return made


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
