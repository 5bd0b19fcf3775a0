"""Reading a request's body: of the right kind, and never more than the limit."""

from collections.abc import Sequence

from shikanji.kit.asgi import Receive
from shikanji.kit.errors import Problem
from shikanji.kit.web.decode import BodyTooLarge
from shikanji.kit.web.headers import Headers


class UnsupportedMediaType(Problem):
    status, type, title = 415, "unsupported-media-type", "The body must be application/json in UTF-8"


class UnsupportedKind(UnsupportedMediaType):
    type, title = "unsupported-kind", "A body of this media type is not taken here"


def check_media_type(headers: Headers) -> None:
    given = headers.raw(b"content-type")
    if given != b"application/json" and not _is_json(given or b""):
        raise UnsupportedMediaType
    if headers.raw(b"content-encoding") not in (None, b"identity"):
        raise UnsupportedMediaType("compressed bodies are not accepted")


def check_kind(headers: Headers, kinds: Sequence[str]) -> None:
    """For a body that is none of ours to read: whether it says to be one of `kinds`."""
    given = (headers.raw(b"content-type") or b"").partition(b";")[0].strip().lower().decode("latin-1")
    if given not in kinds:
        raise UnsupportedKind(f"must be {' or '.join(kinds)}")
    if headers.raw(b"content-encoding") not in (None, b"identity"):
        raise UnsupportedKind("compressed bodies are not accepted")


def _is_json(content_type: bytes) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    charsets = [parameter for parameter in parameters if parameter.startswith(b"charset=")]
    return media_type == b"application/json" and all(
        charset.removeprefix(b"charset=").strip(b'"') in (b"utf-8", b"utf8") for charset in charsets
    )


async def read_body(receive: Receive, headers: Headers, bytes_max: int) -> bytes | None:
    """The whole body, or None when the client went away. Raises BodyTooLarge as soon as that is known."""
    declared = headers.raw(b"content-length") or b""
    if declared.isdigit() and (len(declared) > 18 or int(declared) > bytes_max):
        raise BodyTooLarge(f"at most {bytes_max} bytes are allowed")
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        return _within(whole, bytes_max)
    parts, size = [], 0
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > bytes_max:
            raise BodyTooLarge(f"at most {bytes_max} bytes are allowed")
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    return None


def _within(body: bytes, bytes_max: int) -> bytes:
    if len(body) > bytes_max:
        raise BodyTooLarge(f"at most {bytes_max} bytes are allowed")
    return body
