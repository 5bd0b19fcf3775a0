"""A keeper of small children, for `test_keeper.py`: `python -m tests.processes.kept steady:1 dies:0`.

`steady` waits for a signal, `dies` ends by itself, `talks` says a lot before, `mistaken` says what is wrong, `deaf`
hears no signal but SIGKILL. The number is the rank."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial

from shikanji import keeper, terminal
from shikanji.keeper import IsReady, Keeper, Post
from shikanji.kit.errors import OperatorError


def steady(is_ready: IsReady) -> None:
    print(f"I am {os.getpid()}", file=sys.stderr)  # noqa: T201
    is_ready()
    signal.sigwait({signal.SIGINT})
    print("I was told to stop", file=sys.stderr)  # noqa: T201


def dies(is_ready: IsReady) -> None:
    is_ready()
    print("half a line", end="", file=sys.stderr)  # noqa: T201


def talks(is_ready: IsReady) -> None:
    is_ready()
    print("I talk", file=sys.stderr)  # noqa: T201
    for _ in range(4_000):
        print("x" * 1_000, file=sys.stderr)  # noqa: T201


def mistaken(is_ready: IsReady) -> None:
    raise OperatorError("the port is taken")


def deaf(is_ready: IsReady) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    is_ready()
    signal.sigwait({signal.SIGUSR1})


KINDS: dict[str, Callable[[IsReady], None]] = {kind.__name__: kind for kind in (steady, dies, talks, mistaken, deaf)}


def main() -> None:
    keeper.STOP_SECONDS_MAX = 0.5
    keeping = Keeper()
    posts = []
    for argument in sys.argv[1:]:
        kind, _, rank = argument.partition(":")
        posts.append(Post(kind, int(rank), partial(_masked, KINDS[kind])))
    try:
        keeping.start(posts)
        terminal.say("all are ready")
        keeping.keep()
    except OperatorError as told:
        terminal.complain(str(told))
        sys.exit(keeper.MISTAKE)
    finally:
        keeping.stop()
        terminal.say("all have ended")


def _masked(work: Callable[[IsReady], None], is_ready: IsReady) -> None:
    # What is waited for must not be delivered before.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGUSR1})
    work(is_ready)


if __name__ == "__main__":
    main()
