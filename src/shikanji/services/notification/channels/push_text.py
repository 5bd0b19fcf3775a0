"""What a push message says, as far as it fits into one."""

import json
from bisect import bisect

from shikanji.services.notification.channels.port import Letter

BYTES_MAX = 3_900
"""Of all that is said. Push services take 4,096 bytes, of which encryption needs 103."""
_MORE = "…"


def fitting(letter: Letter) -> str:
    """Its text, cut short where with its title and names it would be more than push services take."""
    if len(spoken(letter, letter.text)) <= BYTES_MAX:
        return letter.text
    # Signs take from one to six bytes as they are written: what fits is found by halving.
    fits = bisect(range(len(letter.text)), BYTES_MAX, key=lambda kept: len(spoken(letter, letter.text[:kept] + _MORE)))
    return letter.text[: fits - 1] + _MORE


def spoken(letter: Letter, text: str) -> bytes:
    said = {"title": letter.title, "body": text, "kind": letter.kind, "id": letter.key}
    return json.dumps(said, ensure_ascii=False).encode()
