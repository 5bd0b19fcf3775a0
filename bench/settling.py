"""Whether every event has had its effect, asked of the databases themselves: none waits in an outbox, and each is in
the inbox of all who want it. What is under way on the bus is in neither, so both are counted."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from shikanji.kit.service import Service

POLL_SECONDS = 0.05
SETTLE_SECONDS_MAX = 180

UNFINISHED = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) + (SELECT count(*) FROM inbox WHERE state = 'waiting')
"""
RECORDED = "SELECT type, count(*) FROM outbox GROUP BY type"
RECEIVED = "SELECT count(*) FROM inbox"

Connection = psycopg.Connection[tuple[Any, ...]]


class Databases:
    def __init__(self, connections: Sequence[tuple[Service, Connection]]) -> None:
        self._connections = connections

    async def settle(self) -> None:
        for _ in range(int(SETTLE_SECONDS_MAX / POLL_SECONDS)):
            if await asyncio.to_thread(self._are_settled):
                return
            await asyncio.sleep(POLL_SECONDS)
        raise TimeoutError(f"there was still work after {SETTLE_SECONDS_MAX} s")

    def _are_settled(self) -> bool:
        # The cheap question first: it is asked again and again.
        if any(_number(connection, UNFINISHED) for _, connection in self._connections):
            return False
        recorded: Counter[str] = Counter()
        for _, connection in self._connections:
            recorded.update(dict(connection.execute(RECORDED).fetchall()))
        return all(
            _number(connection, RECEIVED) >= sum(recorded[kind] for kind in service.subscribers.kinds)
            for service, connection in self._connections
        )


@contextmanager
def connected(template: str, services: Sequence[Service]) -> Iterator[Databases]:
    with ExitStack() as stack:
        connections = [
            (service, stack.enter_context(psycopg.connect(template.format(service=service.name), autocommit=True)))
            for service in services
        ]
        yield Databases(connections)


def _number(connection: Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
