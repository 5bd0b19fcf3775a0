"""Which request or event the running code works for. It travels with the asyncio task; work handed to another thread
carries it by value (`current()` before, `bind(...)` after)."""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import NamedTuple


class Origin(NamedTuple):
    correlation_id: str = ""
    """The request that started it all; the same through every event that follows from it."""
    causation_id: str = ""
    """The request or event that made this very code run."""
    traceparent: str = ""
    """W3C trace context, empty where nobody traces."""


_NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("shikanji_origin", default=_NOWHERE)


def current() -> Origin:
    return _origin.get()


def current_correlation() -> str:
    return _origin.get().correlation_id


def current_causation() -> str:
    return _origin.get().causation_id


class bind:
    """`with bind(correlation_id, causation_id):` what runs inside works for that request or event. The causation is the
    correlation itself where nothing else is named: the request is then its own cause."""

    __slots__ = ("_origin", "_token")

    def __init__(self, correlation_id: str, causation_id: str = "", traceparent: str = "") -> None:
        self._origin = Origin(correlation_id, causation_id or correlation_id, traceparent)
        self._token: Token[Origin] | None = None

    def __enter__(self) -> Origin:
        self._token = _origin.set(self._origin)
        return self._origin

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _origin.reset(self._token)
            self._token = None
