"""Whether every part of the platform can do its work, asked of the parts themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

Source = Callable[[], Awaitable[str]]
"""Why a part is not ready; empty when it is."""

ANSWER_SECONDS_MAX = 1.0
KEPT_SECONDS = 0.1
"""A flood of questions costs the parts ten answers a second."""


class Readiness:
    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._stopping = False
        self._kept: dict[str, str] = {}
        self._kept_until = 0.0

    def stop(self) -> None:
        """From now on the platform is not ready: whoever balances over several stops sending requests."""
        self._stopping = True
        self._kept_until = 0.0

    async def parts(self) -> dict[str, str]:
        """Every part with what keeps it from being ready, or an empty text."""
        now = asyncio.get_running_loop().time()
        if now >= self._kept_until:
            reasons = await asyncio.gather(*(_ask(source) for source in self._sources.values()))
            self._kept = dict(zip(self._sources, reasons, strict=True))
            self._kept_until = now + KEPT_SECONDS
        return self._kept | {"gateway": "is stopping" if self._stopping else ""}


async def _ask(source: Source) -> str:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await source()
    except TimeoutError:
        return "gives no answer"
    except Exception as error:  # whatever a part fails with: it is not ready
        return f"cannot say ({type(error).__name__})"
