"""Asking another service: for what an action must know before it can answer its client. All else is an event."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from shikanji.kit.service import Room

R = TypeVar("R")
C = TypeVar("C", bound="Call[Any]")


class Call(msgspec.Struct, Generic[R], frozen=True, kw_only=True, rename="camel"):
    """A question in the published language, `class HoldStock(Call[StockHeld])`: `service` answers it with an `R`, whose
    type stands also in `returns`. A refusal arrives as the `Problem` that the other side raised: rely on its `type`.
    A question may arrive twice: asking twice does no more than asking once."""

    service: ClassVar[str]
    returns: ClassVar[Any]


class Calls(Protocol):
    async def ask(self, call: Call[R]) -> R:
        """The answer, or the other side's Problem; Unavailable when no answer came in time (the other side may still
        have acted)."""
        ...


AnswerHandler = Callable[["Room", Any], Awaitable[Any]]


class Answers:
    """What a service answers when others ask: one handler per call."""

    def __init__(self) -> None:
        self.handlers: dict[str, AnswerHandler] = {}
        self.kinds: dict[str, type[Call[Any]]] = {}

    def to(
        self, kind: type[C]
    ) -> Callable[[Callable[["Room", C], Awaitable[Any]]], Callable[["Room", C], Awaitable[Any]]]:
        def register(handler: Callable[["Room", C], Awaitable[Any]]) -> Callable[["Room", C], Awaitable[Any]]:
            name = kind.__name__
            if name in self.handlers:
                raise ValueError(f"{name} is answered already")
            self.handlers[name], self.kinds[name] = handler, kind
            return handler

        return register
