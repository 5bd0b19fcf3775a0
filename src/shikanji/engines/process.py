"""A process as itself: its number may be another's by tomorrow, number and start time are not."""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

_STATE, _PARENT, _STARTED = 0, 1, 19
"""Fields of /proc/<pid>/stat, counted behind the name."""
_TETHER = "import signal, sys; sys.stdin.read(); signal.pidfd_send_signal(int(sys.argv[1]), signal.SIGKILL)"


class Process(msgspec.Struct, frozen=True):
    pid: int
    started: str
    """Which boot of the machine, and how many ticks after it."""

    @property
    def alive(self) -> bool:
        """A zombie is not: it holds neither port nor file, and is only waiting to be noticed."""
        return identify(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """To this process and no other; nothing happens when it is gone."""
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if self.alive:
                    signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)

    def wait(self, seconds_max: float) -> bool:
        """Whether it has ended by then."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive:
                return True
            ready, _, _ = select.select([descriptor], [], [], seconds_max)
            return bool(ready)
        finally:
            os.close(descriptor)

    def children(self) -> list["Process"]:
        found = (identify(int(name)) for name in os.listdir("/proc") if name.isdecimal())
        return [child for child in found if child is not None and _parent(child.pid) == self.pid]


def identify(pid: int) -> Process | None:
    """None when there is no such process, or nothing but its exit code."""
    fields = _stat(pid)
    if not fields or fields[_STATE] == "Z":
        return None
    return Process(pid, f"{_boot()}/{fields[_STARTED]}")


def tether(process: Process) -> subprocess.Popen[bytes]:
    """A watcher that kills `process` when this one ends, however it ends. End the watcher to untie them."""
    descriptor = os.pidfd_open(process.pid)
    try:
        return subprocess.Popen(
            [sys.executable, "-ISc", _TETHER, str(descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[_PARENT]) if fields else 0


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
