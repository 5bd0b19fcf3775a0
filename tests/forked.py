"""Processes that run `shikanji` without importing it anew: forked from one that has, a start takes a tenth of a second.

The parent speaks JSON lines: `{"run": {...}}` starts one and answers `{"pid"}`; `{"wait": pid}` answers `{"code"}` once
that one has ended (minus the signal's number, when one ended it)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENDED_SECONDS_MAX = 60


class Forks:
    """What a test starts and waits for."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[Path]) -> int:
        """The process's id. `streams`: the files (or terminals) that are its stdin, stdout and stderr."""
        asked = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "streams": [str(stream) for stream in streams],
        }
        return int(self._ask({"run": asked})["pid"])

    def wait(self, pid: int) -> int:
        """Its exit code. What has not ended after ENDED_SECONDS_MAX is killed."""
        return int(self._ask({"wait": pid})["code"])

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def main() -> None:
    import shikanji.audit.command
    import shikanji.cli  # noqa: F401 — so that no child has to

    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"code": _wait(asked["wait"])} if "wait" in asked else {"pid": _fork(asked["run"])}
        print(json.dumps(answer), flush=True)  # noqa: T201 — this is the protocol


def _wait(pid: int) -> int:
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(ENDED_SECONDS_MAX)
    _, status = os.waitpid(pid, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


def _fork(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _become(asked)
    return pid


def _become(asked: dict[str, Any]) -> None:
    code = 1
    try:
        for number, path in enumerate(asked["streams"]):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate(("r", "w", "w")))
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["shikanji", *asked["arguments"]]
        code = _run()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _run() -> int:
    import traceback

    from shikanji.cli import main

    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
