"""A process of ours: started, listened to, killed."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from shikanji.engines import process

ROOT = Path(__file__).parents[1]
READY_SECONDS_MAX = 180
PROBE_SECONDS_MAX = 10
LINES_KEPT = 200


class Life(Protocol):
    """One process, from its start to its end."""

    @property
    def pid(self) -> int: ...

    @property
    def running(self) -> bool: ...

    async def start(self) -> None: ...

    def signal(self, number: int) -> bool:
        """Whether it was there to hear it."""
        ...

    async def ended(self) -> int:
        """Its exit code."""
        ...


class Child:
    """`told` counts the lines that begin with `chaos: `: by them a process of this room says what it did."""

    def __init__(self, *arguments: str, settings: Mapping[str, str]) -> None:
        self.told: Counter[str] = Counter()
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._arguments = arguments
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._tether: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._arguments,
            cwd=ROOT,
            env={**os.environ, **self._settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # By a pipe and not into a file: a limit on the size of its files must not silence it.
            stderr=asyncio.subprocess.STDOUT,
        )
        self._listening = asyncio.create_task(self._listen())
        itself = process.identify(self._process.pid)
        # Whatever becomes of us, it does not outlive us.
        self._tether = None if itself is None else process.tether(itself)

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it has not been started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def signal(self, number: int) -> bool:
        if not self.running:
            return False
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
            return self.running
        return False

    async def ended(self) -> int:
        """What it said is read to the end. One that was never started has ended well."""
        if self._process is None:
            return 0
        code = await self._process.wait()
        await self._listening
        tether, self._tether = self._tether, None
        if tether is not None:
            await asyncio.to_thread(tether.communicate)
        return code

    def _hear(self, line: str) -> None:
        self.last_lines.append(line)
        if line.startswith("chaos: "):
            self.told[line.removeprefix("chaos: ")] += 1

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            self._hear(raw.decode(errors="replace").rstrip())


class Nursery(Child):
    """Where platforms are forked from; they end with it, for it is told to end by the end of its input."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__("-m", "chaos.nursery", settings=settings)
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._turn = asyncio.Lock()

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        # Whoever stops waiting must not leave its answer to the next.
        return await asyncio.shield(self._exchange(question))

    async def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        async with self._turn:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            return await self._answers.get()

    async def stop(self) -> None:
        if self.running and self.process.stdin is not None:
            self.process.stdin.close()
        await self.ended()

    def _hear(self, line: str) -> None:
        if line.startswith("nursery: "):
            self._answers.put_nowait(json.loads(line.removeprefix("nursery: ")))
        else:
            super()._hear(line)


class Forked:
    """One of a nursery's."""

    def __init__(self, nursery: Nursery, port: int, unruly: int | None) -> None:
        self.pid = 0
        self.running = False
        self._nursery, self._port, self._unruly = nursery, port, unruly

    async def start(self) -> None:
        self.pid = (await self._nursery.ask({"port": self._port, "unruly": self._unruly}))["pid"]
        self.running = True

    def signal(self, number: int) -> bool:
        if not self.running:
            return False
        # Until somebody waits for it nobody else gets its number.
        os.kill(self.pid, number)
        return True

    async def ended(self) -> int:
        self.running = False
        return int((await self._nursery.ask({"wait": self.pid}))["code"])


async def until_ready(life: Life, url: str) -> None:
    """Raises RuntimeError when it ends instead, TimeoutError when it takes too long."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS_MAX):
        while not await _answers(http, url + "/health/ready"):
            if not life.running:
                raise RuntimeError("it ended before it was ready")
            await asyncio.sleep(0.05)


async def until_said(child: Child, beginning: str) -> None:
    """Until it has said a line that begins so; raises as `until_ready` does."""
    async with asyncio.timeout(READY_SECONDS_MAX):
        while not any(line.startswith(beginning) for line in child.last_lines):
            if not child.running:
                raise RuntimeError(f"it ended before it said {beginning!r}")
            await asyncio.sleep(0.05)


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=PROBE_SECONDS_MAX)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
