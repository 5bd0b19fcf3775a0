"""A process of ours: started, listened to, killed."""

import asyncio
import os
import sys
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[1]
READY_SECONDS_MAX = 60
LINES_KEPT = 200


class Child:
    """`told` counts the lines that begin with `chaos: `: by them a process of this room says what it did."""

    def __init__(self, *arguments: str, settings: Mapping[str, str]) -> None:
        self.told: Counter[str] = Counter()
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._arguments = arguments
        self._settings = settings

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._arguments,
            cwd=ROOT,
            env={**os.environ, **self._settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # By a pipe and not into a file: a limit on the size of its files must not silence it.
            stderr=asyncio.subprocess.STDOUT,
        )
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def signal(self, number: int) -> bool:
        """Whether it was there to hear it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
            return self.running
        return False

    async def ended(self) -> int:
        """Its exit code; what it said is read to the end."""
        code = await self._process.wait()
        await self._listening
        return code

    async def until_ready(self, url: str) -> None:
        """Raises RuntimeError with its last words when it ends first."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS_MAX):
            while not await _answers(http, url + "/health/ready"):
                if not self.running:
                    raise RuntimeError(f"it ended with {await self.ended()}:\n" + "\n".join(self.last_lines))
                await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.last_lines.append(line)
            if line.startswith("chaos: "):
                self.told[line.removeprefix("chaos: ")] += 1


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
