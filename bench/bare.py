"""The floors to compare with: a bare ASGI app, and the bare rows of an order."""

import os
import sys
import time
from pathlib import Path

import pysqlite3
import uvicorn

from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send


def app_of(size: int) -> ASGIApp:
    """Answers always with the same `size` bytes."""
    body = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return app


def orders_a_second(folder: Path, *, orders: int, group: int) -> float:
    """The rows of an order that is settled (20 inserts of 200 bytes), `group` orders a commit, nothing else."""
    connection = pysqlite3.connect(folder / f"floor-{group}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, order_id TEXT, body BLOB)")
    body, began = os.urandom(200), time.perf_counter()
    for first in range(0, orders, group):
        connection.execute("BEGIN IMMEDIATE")
        for number in range(first, first + group):
            for _ in range(20):
                connection.execute("INSERT INTO rows (order_id, body) VALUES (?, ?)", (str(number), body))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return orders / seconds


if __name__ == "__main__":
    port, size = (int(argument) for argument in sys.argv[1:])
    uvicorn.run(app_of(size), host="127.0.0.1", port=port, lifespan="off", access_log=False, log_level="warning")
