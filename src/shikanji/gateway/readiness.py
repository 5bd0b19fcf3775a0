"""Whether every part of the platform can do its work, asked of the parts themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shikanji.kit.errors import FieldError, Unavailable

Source = Callable[[], Awaitable[str]]
"""Why a part is not ready; empty when it is."""

ANSWER_SECONDS_MAX = 1.0
KEPT_SECONDS = 0.1
"""A flood of questions costs the parts ten answers a second."""
PATIENCE_SECONDS = 5.0
"""So long a start may take without a word."""

Tell = Callable[[str], None]


class NotReady(Unavailable):
    type, title = "not-ready", "Not ready"


class Readiness:
    def __init__(
        self,
        sources: Mapping[str, Source],
        impaired: Mapping[str, Callable[[], str]] | None = None,
        *,
        name: str = "gateway",
    ) -> None:
        """`name`: the part that asks the others, which is not ready once it stops. `impaired`: why a part does less
        than it should, though nobody has to wait for it (bus, cache): that is told, and all is ready all the same."""
        self._sources = sources
        self._impaired = impaired or {}
        self._name = name
        self._stopping = False
        self._kept: dict[str, str] = {}
        self._kept_until = 0.0

    def stop(self) -> None:
        """From now on the platform is not ready: whoever balances over several stops sending requests."""
        self._stopping = True
        self._kept_until = 0.0

    async def answer(self) -> dict[str, Any]:
        """What is said to who asks. Raises NotReady naming the parts that are not."""
        parts = await self.parts()
        if waiting := _waiting(parts):
            problem = NotReady(_told(waiting))
            problem.errors = tuple(FieldError(name, reason) for name, reason in waiting.items())
            raise problem
        impaired = {name: reason for name, source in self._impaired.items() if (reason := source())}
        return {"status": "ready", "parts": list(parts), **({"impaired": impaired} if impaired else {})}

    async def until_ready(self, tell: Tell, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Returns when every part is. Whenever that has taken so long again, `tell` hears what it waits for, if that is
        another thing than the last time."""
        now = asyncio.get_running_loop().time
        told: dict[str, str] = {}
        patient_until = now() + patience_seconds
        while waiting := _waiting(await self.parts()):
            if now() >= patient_until:
                patient_until = now() + patience_seconds
                if waiting != told:
                    told = waiting
                    tell(_told(waiting))
            await asyncio.sleep(KEPT_SECONDS)

    async def parts(self) -> dict[str, str]:
        """Every part with what keeps it from being ready, or an empty text."""
        now = asyncio.get_running_loop().time()
        if now >= self._kept_until:
            reasons = await asyncio.gather(*(_ask(source) for source in self._sources.values()))
            self._kept = dict(zip(self._sources, reasons, strict=True))
            self._kept_until = now + KEPT_SECONDS
        return self._kept | {self._name: "is stopping" if self._stopping else ""}


def _waiting(parts: Mapping[str, str]) -> dict[str, str]:
    return {name: reason for name, reason in parts.items() if reason}


def _told(waiting: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in waiting.items())


async def _ask(source: Source) -> str:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await source()
    except TimeoutError:
        return "gives no answer"
    except Exception as error:  # whatever a part fails with: it is not ready
        return f"cannot say ({type(error).__name__})"
