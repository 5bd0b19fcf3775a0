"""A machine on which the platform can be killed at a chosen place and started again, later."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from shikanji.kit.clock import SECOND
from tests.serving import free_port

ROOT = Path(__file__).parents[2]


class Zygote:
    """One for all tests of a process: what is forked from it starts at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


class Machine:
    """`folder` holds the files of the platform; they are all that outlives a crash."""

    def __init__(self, zygote: Zygote, folder: Path, failpoints: Sequence[str]) -> None:
        self.folder = folder
        self.url = ""
        self.ahead = 0
        self.deaths = 0
        self._zygote = zygote
        self._failpoints = failpoints
        self._port = free_port()
        self._pid: int | None = None

    def __enter__(self) -> "Machine":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            self._zygote.ask({"wait": self._pid})

    def start(self) -> None:
        """Every failpoint stays armed until it has fired; when one fires while starting, it starts again."""
        question = {
            "folder": str(self.folder),
            "port": self._port,
            "ahead": self.ahead,
            "failpoint": ",".join(self.left()),
        }
        answer = self._zygote.ask(question)
        self._pid = answer["pid"]
        self.url = f"http://127.0.0.1:{self._port}"
        if not answer["ready"]:
            self.buried()
            self.start()

    def buried(self) -> None:
        """Called when the platform gave no answer: it must have died by a failpoint, and by nothing else."""
        ended = self._zygote.ask({"wait": self._pid})
        assert ended["signal"] == signal.SIGKILL, f"it did not die ({ended}): {self.log()}"
        self._pid = None
        self.deaths += 1
        assert len(self._failpoints) - len(self.left()) == self.deaths, self.log()
        # Whoever was being served comes back when the lease on its key has run out.
        self.pass_time(31 * SECOND)

    def pass_time(self, by: int) -> None:
        self.ahead += by

    def restart(self) -> None:
        """Stopped in order, started again; the clock shows what `pass_time` made of it."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGTERM)
            ended = self._zygote.ask({"wait": self._pid})
            self.deaths += ended["signal"] == signal.SIGKILL
        self.start()

    def left(self) -> list[str]:
        """The failpoints that have not fired."""
        fired = {line.removeprefix("failpoint ") for line in self.log().splitlines() if line.startswith("failpoint ")}
        return [name for name in self._failpoints if name.partition(":")[0] not in fired]

    def log(self) -> str:
        path = self.folder.parent / "stderr.log"
        return path.read_text(errors="replace") if path.exists() else ""
