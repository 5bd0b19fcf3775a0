"""The platform as a process of its own, seen from outside: what it burns and what it keeps."""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.report import Row
from shikanji.kit.folder import command_running

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CALM_SECONDS_MAX = 600
CALM_CPU_SECONDS = 0.1
"""In two seconds: a platform at rest takes less, one with something to do more."""
IDLE_SECONDS = 10
READY_SECONDS_MAX = 60
SETTLE_SECONDS_MAX = 120


@dataclass(frozen=True)
class Running:
    url: str
    pid: int
    folder: Path
    ready_seconds: float

    def cpu_seconds(self) -> float:
        """User and system time of the process since it started, in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def engine_seconds(self) -> Mapping[str, float]:
        """One process works on files."""
        return {}

    async def settle(self) -> None:
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            await command_running(self.folder, "settle", {})

    def memory_mb(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6


async def calm(platform: Running) -> None:
    """Returns when what its start left to be done is done: jobs that were due meanwhile."""
    async with asyncio.timeout(CALM_SECONDS_MAX):
        spent = CALM_CPU_SECONDS
        while spent >= CALM_CPU_SECONDS:
            before = platform.cpu_seconds()
            await asyncio.sleep(2)
            spent = platform.cpu_seconds() - before


async def idle_rows(platform: Running) -> list[Row]:
    """What it takes to start it, and to have it stand there."""
    await calm(platform)
    before = platform.cpu_seconds()
    await asyncio.sleep(IDLE_SECONDS)
    return [
        Row("ready", platform.ready_seconds, "s", 5, 1.5, more_is_better=False),
        Row("memory idle", platform.memory_mb(), "MB", 250, 120, more_is_better=False),
        Row("CPU idle, a second", (platform.cpu_seconds() - before) * 1_000 / IDLE_SECONDS, "ms", more_is_better=False),
    ]


@asynccontextmanager
async def running(
    program: list[str], *, ready_path: str, settings: dict[str, str], folder: Path | None = None
) -> AsyncIterator[Running]:
    """Starts `program` with `{port}` and `{folder}` filled in, yields once `ready_path` answers 200, ends it after.
    Without a folder it gets a new one."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="shikanji-bench-") as new, tempfile.NamedTemporaryFile() as said:
        folder = folder or Path(new)
        arguments = [part.format(port=port, folder=folder) for part in program]
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**os.environ, **settings, "SHIKANJI_DATA_DIR": str(folder)},
            stdout=said,
            stderr=said,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            await _until_ready(url + ready_path, process, Path(said.name))
            yield Running(url, process.pid, folder, time.perf_counter() - started)
        except BaseException as error:
            error.add_note(_last_words(Path(said.name)))
            raise
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def busy_seconds() -> float:
    """CPU time that the whole machine has spent since it was booted, and what its host took from it."""
    user, nice, system, _, _, irq, soft, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, soft, steal))) / _TICKS_PER_SECOND


async def _until_ready(url: str, process: asyncio.subprocess.Process, said: Path) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS_MAX):
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"it ended with {process.returncode} before it was ready:\n{_last_words(said)}")
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


def _last_words(said: Path) -> str:
    return said.read_text(encoding="utf-8")[-2_000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
