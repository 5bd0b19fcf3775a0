"""What a client may ask of a path, and in which form it takes the answer."""

from collections.abc import Iterable

from shikanji.kit.errors import Problem

_ACCEPTED = frozenset({b"application/json", b"application/*", b"*/*"})


class MethodNotAllowed(Problem):
    status, type, title = 405, "method-not-allowed", "This method is not available here"

    def __init__(self, methods: Iterable[str]) -> None:
        allowed = set(methods)
        if "GET" in allowed:
            allowed.add("HEAD")
        allow = ", ".join(sorted(allowed))
        super().__init__(f"allowed: {allow}", headers={"Allow": allow})


class NotAcceptable(Problem):
    status, type, title = 406, "not-acceptable", "The answer is application/json"


def require_acceptable(accept: bytes | None) -> None:
    if accept is None or accept in _ACCEPTED:
        return
    for part in accept.split(b","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(b";"))
        if media_type in _ACCEPTED and not any(_is_zero(parameter) for parameter in parameters):
            return
    raise NotAcceptable


def _is_zero(parameter: bytes) -> bool:
    name, _, value = parameter.partition(b"=")
    return name == b"q" and value.strip(b"0.") == b"" and value != b""
