"""Children are started, heard, started again and ended in order; and none outlives its keeper."""

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from shikanji.keeper import LIVED_SECONDS, RESTART_SECONDS_FIRST, RESTART_SECONDS_MAX, Child, Post
from tests.probing import until
from tests.scaled import children_of, is_running

SAID_SECONDS_MAX = 20.0


@dataclass
class Kept:
    process: subprocess.Popen[bytes]
    said: str = ""

    def listen(self, until: str, times: int = 1) -> None:
        assert self.process.stderr is not None
        while self.said.count(until) < times:
            assert select.select([self.process.stderr], [], [], SAID_SECONDS_MAX)[0], self.said
            heard = os.read(self.process.stderr.fileno(), 65_536)
            assert heard, self.said
            self.said += heard.decode()

    @property
    def children(self) -> list[int]:
        return children_of(self.process.pid)

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        self.said += self.process.communicate(timeout=SAID_SECONDS_MAX)[1].decode()
        return self.process.returncode


Keep = Callable[..., Kept]


@pytest.fixture
def keep() -> Iterator[Keep]:
    started: list[Kept] = []

    def start(*posts: str) -> Kept:
        command = [sys.executable, "-m", "tests.processes.kept", *posts]
        kept = Kept(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))
        started.append(kept)
        return kept

    yield start
    for kept in started:
        with suppress(ProcessLookupError):
            kept.process.kill()
        kept.process.communicate()


def test_what_children_say_has_their_name_before_it(keep: Keep) -> None:
    kept = keep("steady:0", "deaf:0")
    kept.listen("all are ready")
    kept.listen("I am")

    assert re.search(r"^steady \| I am \d+$", kept.said, re.MULTILINE)
    assert "(2 of 2)" in kept.said


def test_children_go_by_their_own_names(keep: Keep) -> None:
    kept = keep("steady:0", "deaf:0")
    kept.listen("all are ready")

    assert sorted(Path(f"/proc/{child}/comm").read_text() for child in kept.children) == ["deaf\n", "steady\n"]


def test_who_dies_is_started_again_and_said_so(keep: Keep) -> None:
    kept = keep("steady:0")
    kept.listen("all are ready")
    (first,) = kept.children
    os.kill(first, signal.SIGKILL)
    kept.listen("I am", times=2)

    assert "steady was killed by signal 9: it is started again" in kept.said
    assert kept.children != [first]


def test_the_last_words_of_who_ends_are_heard(keep: Keep) -> None:
    kept = keep("dies:0")
    kept.listen("dies ended with code 0", times=2)

    assert kept.said.count("dies | half a line\n") >= 2


def test_each_early_death_doubles_the_pause_and_a_life_resets_it() -> None:
    child = Child(Post("one", 0, lambda is_ready: None))

    pauses = [_pause(child) for _ in range(8)]

    assert pauses[:3] == pytest.approx([RESTART_SECONDS_FIRST * factor for factor in (1, 2, 4)])
    assert pauses[-1] == RESTART_SECONDS_MAX
    assert _pause(child, lived=LIVED_SECONDS + 1) == pytest.approx(RESTART_SECONDS_FIRST)


def _pause(child: Child, lived: float = 0.0) -> float:
    child.started_at = 100.0
    child.ended(100.0 + lived)
    return child.start_at - 100.0 - lived


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_ends_its_children_in_order(keep: Keep, by: signal.Signals) -> None:
    kept = keep("steady:0", "deaf:1")
    kept.listen("all are ready")
    children = kept.children

    assert kept.end(by) == 0
    assert kept.said.index("deaf does not stop: killed") < kept.said.index("I was told to stop")
    assert kept.said.endswith("all have ended\n")
    assert not any(map(is_running, children))


def test_a_child_with_a_mistake_ends_the_start(keep: Keep) -> None:
    kept = keep("steady:0", "mistaken:0")
    kept.listen("all have ended")

    assert kept.process.wait(SAID_SECONDS_MAX) == 2
    assert "mistaken | the port is taken" in kept.said
    assert "mistaken cannot start" in kept.said


async def test_killed_it_leaves_nobody_behind_not_even_who_is_stopped(keep: Keep) -> None:
    kept = keep("steady:0", "deaf:0")
    kept.listen("all are ready")
    children = kept.children
    os.kill(children[0], signal.SIGSTOP)

    kept.end(signal.SIGKILL)

    assert len(children) == 2
    await until(lambda: not any(map(is_running, children)), "its children have ended with it")


async def test_nobody_stands_still_because_nobody_reads_what_is_said(keep: Keep) -> None:
    kept = keep("talks:0")
    kept.listen("I talk")
    (talking,) = kept.children

    await until(lambda: talking not in kept.children, "it has said more than all pipes on the way hold")
