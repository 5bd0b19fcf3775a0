"""What a client may ask of a path, and in which form it takes the answer."""

from collections.abc import Iterable, Iterator

from shikanji.kit.errors import Problem


class MethodNotAllowed(Problem):
    status, type, title = 405, "method-not-allowed", "This method is not available here"

    def __init__(self, methods: Iterable[str]) -> None:
        allowed = set(methods)
        if "GET" in allowed:
            allowed.add("HEAD")
        allow = ", ".join(sorted(allowed))
        super().__init__(f"allowed: {allow}", headers={"Allow": allow})


class NotAcceptable(Problem):
    status, type, title = 406, "not-acceptable", "The answer does not come in the form that Accept asks for"


JSON = "application/json"


class Produced:
    """The media types of a route's answers: the first to whoever takes anything."""

    def __init__(self, *media_types: str) -> None:
        self._media_types = [media_type.partition(";")[0].strip() for media_type in media_types]
        whole = [media_type.encode() for media_type in self._media_types]
        self._accepted = frozenset({*whole, *(each.partition(b"/")[0] + b"/*" for each in whole), b"*/*"})

    def require_acceptable(self, accept: bytes | None) -> None:
        """Raises NotAcceptable when no part of the Accept header takes any of them."""
        if accept is None or accept in self._accepted:
            return
        if not any(media_type in self._accepted for media_type in _taken(accept)):
            raise NotAcceptable(f"the answer is {' or '.join(self._media_types)}")


def prefers_json(accept: str | None, other: str) -> bool:
    """Whether an Accept header names JSON and not `other`, which is given to whoever takes both or anything."""
    taken = set(_taken((accept or "").encode("latin-1", "replace")))
    return JSON.encode() in taken and other.encode() not in taken


def _taken(accept: bytes) -> Iterator[bytes]:
    for part in accept.split(b","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(b";"))
        if not any(_is_zero(parameter) for parameter in parameters):
            yield media_type


def _is_zero(parameter: bytes) -> bool:
    name, _, value = parameter.partition(b"=")
    return name == b"q" and value.strip(b"0.") == b"" and value != b""
