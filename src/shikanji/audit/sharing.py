"""Several processes that check invariants of one platform, each with its own look at all databases."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, cast

from shikanji.audit.invariant import Finding, Invariant
from shikanji.audit.run import Audit
from shikanji.kit.db.together import SqliteError

PROCESSES = max(2, min(8, os.cpu_count() or 2))
"""One for each core, within bounds: what several of them read, each reads for itself."""
LONGEST_FIRST = {
    key: place
    for place, key in enumerate(["42a", "22b", "24c", "36b", "35j", "36f", "35a", "32a", "28", "39", "31", "30"])
}
"""Whoever is through asks for more: what takes longest must not come last."""
LONGEST_CARDS = {
    f"48 {table}": place
    for place, table in enumerate(
        (
            "notification.notification_logs",
            "order.orders",
            "payment.invoices",
            "order.order_timeline",
            "analytics.analytics_events",
            "analytics.order_facts",
            "loyalty.loyalty_transactions",
            "inventory.movements",
            "notification.notifications",
            "order.outbox",
        )
    )
}
ENDED_SECONDS_MAX = 10


class _Begin(NamedTuple):
    before: int
    now: int


class Shared:
    """The first process takes from one end of a list and the others from its other end, so that one reads what the
    invariants of orders read, and the others all texts: little is read by more than one."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections

    def check(self, invariants: Sequence[Invariant], before: int, now: int) -> Iterator[Finding]:
        """In the order in which they are through. Raises SqliteError for what a process could not read."""
        waiting = deque(_ordered(invariants))
        at_work: list[Connection] = []
        for connection in self._connections:
            connection.send(_Begin(before, now))
        for connection in self._connections:
            self._give(connection, waiting, at_work)
        while at_work:
            for ready in wait(at_work):
                connection = cast(Connection, ready)
                yield _received(connection)
                at_work.remove(connection)
                self._give(connection, waiting, at_work)

    def _give(self, connection: Connection, waiting: deque[str], at_work: list[Connection]) -> None:
        if waiting:
            connection.send(waiting.popleft() if connection is self._connections[0] else waiting.pop())
            at_work.append(connection)


@contextmanager
def shared(places: Mapping[str, Path | str]) -> Iterator[Shared]:
    """Is to be begun before this process opens any of the files or starts a thread: they are forks."""
    context = get_context("fork")
    with ExitStack() as stack:
        connections = []
        for _ in range(PROCESSES):
            ours, theirs = context.Pipe()
            connections.append(stack.enter_context(ours))
            process = context.Process(target=_work, args=(theirs, places), daemon=True)
            process.start()
            theirs.close()
            stack.callback(_end, process)
        yield Shared(connections)


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join(ENDED_SECONDS_MAX)


def _work(connection: Connection, places: Mapping[str, Path | str]) -> None:
    try:
        with closing(Audit(places)) as look:
            invariants = {invariant.key: invariant for invariant in look.invariants}
            while True:
                asked = connection.recv()
                if isinstance(asked, _Begin):
                    look.judge_what_is_before(*asked)
                else:
                    connection.send(look.check(invariants[asked]))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
    except (OSError, SqliteError) as error:
        connection.send(str(error))


def _received(connection: Connection) -> Finding:
    try:
        told = connection.recv()
    except EOFError:
        raise SqliteError("a process that read the databases ended: the disk, or what was written on it") from None
    if isinstance(told, str):
        raise SqliteError(told)
    return cast(Finding, told)


def _ordered(invariants: Sequence[Invariant]) -> list[str]:
    """What is asked of odd orders stands together, before all else: whoever begins with it has read all orders."""
    last = len(LONGEST_FIRST)
    cards = [invariant.key for invariant in invariants if invariant.looks_in is not None]
    others = [invariant for invariant in invariants if invariant.looks_in is None]
    others.sort(key=lambda one: (not one.of_odd, LONGEST_FIRST.get(one.key.split()[0], last)))
    cards.sort(key=lambda key: -LONGEST_CARDS.get(key, last))
    return [*(invariant.key for invariant in others), *cards]
