"""Keeps child processes running: starts them, passes on what they say, starts again what dies, and ends them in order.

It has neither threads nor an event loop, so it may fork at any time: a child has everything imported already. However
the keeper itself ends, its children end with it."""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path

from shikanji import terminal
from shikanji.kit.errors import OperatorError
from shikanji.lifeline import Lifeline

MISTAKE = 2
"""The exit code of a process that says what whoever runs it has to put right: to start it again would help nothing."""
START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 45.0
RESTART_SECONDS_FIRST = 0.1
RESTART_SECONDS_MAX = 5.0
LIVED_SECONDS = 10.0
"""Whoever lived so long is started again at once, whatever happened before."""
READ_BYTES = 65_536
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_OWN_NAME = Path("/proc/self/comm")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

IsReady = Callable[[], None]


class DidNotStart(OperatorError):
    """Says who did not."""


@dataclass(frozen=True)
class Post:
    """What a child does until a signal ends it: `run` is given what to call once it is ready. Those of a higher rank
    are stopped first."""

    label: str
    rank: int
    run: Callable[[IsReady], None]


class Child:
    """One post, and the process that holds it now."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.pid = 0
        """0: none runs."""
        self.ready = False
        self.start_at = 0.0
        """When one is to be started."""
        self._said = self._told = -1
        self._line = b""
        self.started_at = 0.0
        self._pause = RESTART_SECONDS_FIRST

    @property
    def descriptors(self) -> list[int]:
        """Where it is heard: what it says for people, and that it is ready."""
        return [descriptor for descriptor in (self._said, self._told) if descriptor >= 0]

    def started(self, pid: int, said: int, told: int) -> None:
        os.set_blocking(said, False)
        self.pid, self._said, self._told, self.started_at = pid, said, told, time.monotonic()

    def hear(self) -> list[str]:
        """Whole lines that it said meanwhile."""
        if self._told >= 0 and select.select([self._told], [], [], 0)[0]:
            self.ready = bool(os.read(self._told, READ_BYTES))
            os.close(self._told)
            self._told = -1
        try:
            heard = os.read(self._said, READ_BYTES) if self._said >= 0 else b""
        except BlockingIOError:
            return []
        *lines, self._line = (self._line + heard).split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def ended(self, now: float) -> None:
        """It is to be started again after a pause, the longer the more often it dies young."""
        if now - self.started_at > LIVED_SECONDS:
            self._pause = RESTART_SECONDS_FIRST
        self.start_at = now + self._pause
        self._pause = min(self._pause * 2, RESTART_SECONDS_MAX)
        self.pid, self.ready = 0, False

    def last_words(self) -> list[str]:
        """After its end: the rest of what it said, also half a line."""
        rest = [self._line]
        with suppress(BlockingIOError):  # somebody whom it has started may still hold the other end
            while heard := os.read(self._said, READ_BYTES):
                rest.append(heard)
        self._line = b""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self._said = self._told = -1
        return b"".join(rest).decode(errors="replace").splitlines()


class Keeper:
    def __init__(self) -> None:
        self.stopping = False
        self._children: list[Child] = []
        self._lifeline = Lifeline()
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        self._colourful = sys.stderr.isatty()
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in _SIGNALS:
            signal.signal(number, self._stop)

    def once(self, work: Callable[[], bytes]) -> bytes:
        """What a child of its own made of it. Raises DidNotStart when it came to no end."""
        reading, writing = os.pipe()
        pid = self._fork(lambda: _hand_over(work, writing))
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            made = pipe.read()
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise DidNotStart("Nothing was started.")
        return made

    def start(self, posts: Sequence[Post]) -> None:
        """Returns when all are ready, or when it was told to stop. Raises DidNotStart."""
        self._children = [Child(post) for post in posts]
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.stopping and not all(child.ready for child in self._children):
            if time.monotonic() > deadline:
                late = ", ".join(child.post.label for child in self._children if not child.ready)
                raise DidNotStart(f"Not ready after {START_SECONDS_MAX:.0f} s: {late}. What they said stands above.")
            self._turn(starting=True)

    def keep(self) -> None:
        """Until it is told to stop."""
        while not self.stopping:
            self._turn()

    def stop(self) -> None:
        """Rank by rank; who has not ended after STOP_SECONDS_MAX is killed."""
        self.stopping = True
        for rank in sorted({child.post.rank for child in self._children}, reverse=True):
            self._stop_all([child for child in self._children if child.post.rank == rank])

    def _stop_all(self, children: Sequence[Child]) -> None:
        _signal(children, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while any(child.pid for child in children):
            if time.monotonic() > deadline:
                deadline = inf
                late = [child for child in children if child.pid]
                terminal.complain(f"{', '.join(child.post.label for child in late)} does not stop: killed")
                _signal(late, signal.SIGKILL)
            self._turn()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _turn(self, *, starting: bool = False) -> None:
        """Starts who is due, waits until something happens, and takes note of it."""
        now = time.monotonic()
        for child in self._children:
            if not (self.stopping or child.pid) and child.start_at <= now:
                self._start(child)
        heard = select.select([self._woken, *self._descriptors()], [], [], self._patience())[0]
        if self._woken in heard:
            os.read(self._woken, READ_BYTES)
        for child in self._children:
            if not set(heard).isdisjoint(child.descriptors):
                self._hear(child, starting=starting)
            self._look_after(child, starting=starting)

    def _descriptors(self) -> list[int]:
        return [descriptor for child in self._children for descriptor in child.descriptors]

    def _patience(self) -> float:
        """Until the next start; signals and words wake us before."""
        waiting = [child.start_at for child in self._children if not child.pid]
        if self.stopping or not waiting:
            return 1.0
        return min(max(min(waiting) - time.monotonic(), 0.0), 1.0)

    def _start(self, child: Child) -> None:
        said, says = os.pipe()
        told, tells = os.pipe()
        pid = self._fork(partial(_work, child.post, says, tells), besides=(said, told))
        os.close(says)
        os.close(tells)
        child.started(pid, said, told)

    def _hear(self, child: Child, *, starting: bool) -> None:
        was_ready = child.ready
        self._pass_on(child, child.hear())
        if starting and child.ready and not was_ready:
            count = sum(other.ready for other in self._children)
            terminal.say(f"{child.post.label} is ready ({count} of {len(self._children)})")

    def _look_after(self, child: Child, *, starting: bool) -> None:
        """Notices the end of a child."""
        if not child.pid:
            return
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not pid:
            return
        code = os.waitstatus_to_exitcode(status)
        self._pass_on(child, child.last_words())
        child.ended(time.monotonic())
        if self.stopping:
            return
        if starting and code == MISTAKE:
            raise DidNotStart(f"{child.post.label} cannot start; why stands above.")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._show(f"{child.post.label} {how}: it is started again")

    def _pass_on(self, child: Child, lines: Sequence[str]) -> None:
        """With the name of who says it."""
        prefix = self._prefix(child)
        for line in lines:
            self._show(prefix + line)

    def _show(self, line: str) -> None:
        """What nobody takes from us is left out: with it the keeper would stand still, and then its children."""
        sys.stderr.flush()
        rest = f"{line}\n".encode()
        while rest and select.select([], [sys.stderr], [], 0)[1]:
            # So much a pipe takes at once when it takes anything.
            rest = rest[os.write(sys.stderr.fileno(), rest[: select.PIPE_BUF]) :]

    def _prefix(self, child: Child) -> str:
        width = max(len(other.post.label) for other in self._children)
        name = f"{child.post.label:<{width}} | "
        colour = _COLOURS[self._children.index(child) % len(_COLOURS)]
        return f"\x1b[{colour}m{name}\x1b[0m" if self._colourful else name

    def _fork(self, work: Callable[[], None], besides: Sequence[int] = ()) -> int:
        """`besides`: descriptors that are the keeper's alone."""
        sys.stdout.flush()
        sys.stderr.flush()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            _end_with(lambda: self._become(work, keeper, besides))
        return pid

    def _become(self, work: Callable[[], None], keeper: int, besides: Sequence[int]) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # Ctrl-C is for the keeper, which then stops its children in order.
        os.setsid()
        for descriptor in (self._woken, self._wake, *self._descriptors(), *besides):
            os.close(descriptor)
        self._lifeline.hold(keeper)
        work()


def _work(post: Post, says: int, tells: int) -> None:
    os.dup2(says, 1)
    os.dup2(says, 2)
    os.close(says)
    _go_by(post.label)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    post.run(lambda: _tell(tells))


def _go_by(label: str) -> None:
    """As `ps -o comm` and `top` show it, which would otherwise call all children what the keeper is called."""
    with suppress(OSError):  # there is no such file but on Linux
        _OWN_NAME.write_text(label)


def _tell(tells: int) -> None:
    os.write(tells, b"ready")


def _hand_over(work: Callable[[], bytes], writing: int) -> None:
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(work())


def _end_with(work: Callable[[], None]) -> None:
    """The end of a child: nothing of what the keeper was about to do is done in it."""
    code = 1
    try:
        work()
        code = 0
    except OperatorError as told:
        terminal.complain(str(told))
        code = MISTAKE
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _signal(children: Sequence[Child], number: signal.Signals) -> None:
    for child in children:
        if child.pid:
            os.kill(child.pid, number)
