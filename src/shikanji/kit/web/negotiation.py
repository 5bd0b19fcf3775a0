"""What a client may ask of a path, and in which form it takes the answer."""

from collections.abc import Iterable

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


class Produced:
    """The media type of a route's answers."""

    def __init__(self, media_type: str) -> None:
        self._media_type = media_type
        whole = media_type.partition(";")[0].strip().encode()
        self._accepted = frozenset({whole, whole.partition(b"/")[0] + b"/*", b"*/*"})

    def require_acceptable(self, accept: bytes | None) -> None:
        """Raises NotAcceptable when no part of the Accept header takes it."""
        if accept is None or accept in self._accepted:
            return
        for part in accept.split(b","):
            media_type, *parameters = (piece.strip().lower() for piece in part.split(b";"))
            if media_type in self._accepted and not any(_is_zero(parameter) for parameter in parameters):
                return
        raise NotAcceptable(f"the answer is {self._media_type}")


def _is_zero(parameter: bytes) -> bool:
    name, _, value = parameter.partition(b"=")
    return name == b"q" and value.strip(b"0.") == b"" and value != b""
