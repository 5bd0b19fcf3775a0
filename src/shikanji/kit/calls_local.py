"""Calls to services in the same process: the handler is called directly, and nothing is copied."""

from typing import TYPE_CHECKING, TypeVar

from shikanji.kit.calls import Answers, Call, Calls
from shikanji.kit.deadlines import Deadlines, Limit
from shikanji.kit.errors import Problem, RemoteProblem, Unavailable
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.telemetry.traces import span, tracing

if TYPE_CHECKING:
    from shikanji.kit.service import Room

R = TypeVar("R")

TIMEOUT_SECONDS = 5.0

_log = logger("calls")


class LocalCalls:
    """Rooms are added after they were made, since each of them holds this very object. Services that are not here are
    asked through `elsewhere`."""

    def __init__(self, *, elsewhere: Calls | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._here: dict[str, tuple[Room, Answers]] = {}
        self._elsewhere = elsewhere
        self._timeout_seconds = timeout_seconds
        self._deadlines = Deadlines()

    def add(self, room: "Room", answers: Answers) -> None:
        self._here[room.name] = (room, answers)

    async def ask(self, call: Call[R]) -> R:
        if not tracing():
            return await self._ask(call)
        with span(f"call {call.service}.{type(call).__name__}", "client"):
            return await self._ask(call)

    async def _ask(self, call: Call[R]) -> R:
        here = self._here.get(call.service)
        if here is None:
            if self._elsewhere is None:
                raise Unavailable(f"{call.service} is not running")
            return await self._elsewhere.ask(call)
        try:
            return await answer(*here, call, self._deadlines.within(self._timeout_seconds))
        except Unavailable:
            raise
        except Problem as problem:
            # Over HTTP only the problem itself travels, not its class: nobody shall come to rely on the class here.
            raise RemoteProblem.of(problem) from problem


async def answer(room: "Room", answers: Answers, call: Call[R], limit: Limit) -> R:
    """What the service says to the call. A fault of its own is logged here and becomes Unavailable for the caller."""
    name = type(call).__name__
    handler = answers.handlers.get(name)
    if handler is None:
        raise Unavailable(f"{room.name} does not answer {name}")
    try:
        with limit:
            reply: R = await handler(room, call)
    except Problem:
        raise
    except TimeoutError:
        raise Unavailable(f"{room.name} did not answer in time") from None
    except Exception:
        _log.exception("call failed", service=room.name, call=name)
        raise Unavailable(f"{room.name} could not answer {name}") from None
    return reply
