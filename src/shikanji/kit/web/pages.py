"""Pages of a list, by the sort key of the last row: none is skipped or shown twice while others come and go."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec

from shikanji.kit.errors import Invalid
from shikanji.kit.web.routes import Reply

R = TypeVar("R")

LIMIT_DEFAULT, LIMIT_MAX = 20, 100
CURSOR_LENGTH_MAX = 512

Key = str | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    """The query of a list in pages; a service's own query extends it (with `kw_only=True, frozen=True`)."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


def encode_cursor(*key: str | int) -> str:
    """Opaque to clients: the sort key of the last row that they have."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str | None, *kinds: type[str] | type[int]) -> tuple[Any, ...] | None:
    """The sort key, of exactly these types, or None on the first page. Raises Invalid for a cursor that is not ours."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = msgspec.json.decode(urlsafe_b64decode(padded), type=list[Key])
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        raise _malformed() from None
    if [type(part) for part in key] != list(kinds) or any("\x00" in part for part in key if isinstance(part, str)):
        raise _malformed()
    return tuple(key)


def _malformed() -> Invalid:
    return Invalid.field("cursor", "must be the nextCursor of the page before")


def page(
    rows: Sequence[R], limit: int, *, key: Callable[[R], tuple[str | int, ...]], view: Callable[[R], Any]
) -> Reply:
    """The reply of a list route that asked its database for `limit + 1` rows: the one more says that a page follows."""
    shown = rows[:limit]
    next_cursor = encode_cursor(*key(shown[-1])) if len(rows) > limit else None
    return Reply(data=[view(row) for row in shown], page=True, next_cursor=next_cursor)
