"""One photo of a review: its two files are named by what they hold, so that a name never means another picture."""

from typing import Literal

import msgspec

Format = Literal["avif", "webp"]
FORMATS: tuple[Format, ...] = ("avif", "webp")

State = Literal["storing", "stored", "gone"]
"""`storing`: its files may or may not be there yet. `gone`: they are to be deleted, and then its row."""


class Photo(msgspec.Struct):
    """The columns of its row, in their order. `source`, `avif`, `webp`: digests of what came and of its two files;
    width and height in pixels; `changed_at` is when it came to its state."""

    id: str
    review_id: str
    source: str
    avif: str
    webp: str
    width: int
    height: int
    state: State
    changed_at: int

    def digest(self, form: Format) -> str:
        return self.avif if form == "avif" else self.webp

    def key(self, form: Format) -> str:
        """Of its file in the files store."""
        return f"reviews/{self.id}/{self.digest(form)}.{form}"
