"""A process that has imported the platform and forks one whenever it is told to: a start takes a tenth of a second.

Speaks JSON lines: `{"folder", "port", "ahead", "failpoint"}` starts one and answers `{"pid", "ready"}`; `{"wait": pid}`
answers `{"signal"}` once that one has ended."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from shikanji import commands
from shikanji.kit import failpoints
from shikanji.kit.clock import SystemClock
from shikanji.kit.telemetry import logs
from shikanji.main import Platform
from shikanji.world import World
from tests.harness import configuration

WAIT_SECONDS_MAX = 15


class AheadClock:
    def __init__(self, ahead: int) -> None:
        self._system = SystemClock()
        self._ahead = ahead

    def now(self) -> int:
        return self._system.now() + self._ahead


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _wait(asked["wait"]) if "wait" in asked else _start(asked)
        print(json.dumps(answer), flush=True)  # noqa: T201 — this is the protocol


def _wait(pid: int) -> dict[str, Any]:
    """`signal` is 0 for one that ended in order, None for one that still runs after WAIT_SECONDS_MAX."""
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < give_up:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        time.sleep(0.005)
    return {"signal": None}


def _start(asked: dict[str, Any]) -> dict[str, Any]:
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        _become_platform(asked, told)
    os.close(told)
    ready = os.read(heard, 1) == b"1"
    os.close(heard)
    return {"pid": pid, "ready": ready}


def _become_platform(asked: dict[str, Any], told: int) -> None:
    folder = Path(asked["folder"])
    log = os.open(folder.parent / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    failpoints.arm(asked["failpoint"])
    logs.configure(production=True, level="warning")
    try:
        asyncio.run(_run(folder, asked["port"], asked["ahead"], told))
    finally:
        os._exit(0)


async def _run(folder: Path, port: int, ahead: int, told: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    platform = Platform(configuration(folder, port=str(port)), world=World(clock=AheadClock(ahead)))
    await platform.start()
    async with commands.served(platform):
        platform.is_ready()
        os.write(told, b"1")
        os.close(told)
        await stopping.wait()
    await platform.stop()


if __name__ == "__main__":
    main()
