"""What PostgreSQL takes for the bare rows of an order, one connection doing nothing else."""

import os
import time
from typing import Any

import psycopg

ROWS = 20
INSERT = "INSERT INTO floor (order_id, body) VALUES (%s, %s)"


def orders_a_second(url: str, *, orders: int, group: int) -> float:
    """The rows of an order that is settled (20 inserts of 200 bytes), `group` orders a commit."""
    body = os.urandom(200)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS floor")
        connection.execute("CREATE TABLE floor (id bigserial PRIMARY KEY, order_id text, body bytea)")
        connection.commit()
        began = time.perf_counter()
        for first in range(0, orders, group):
            rows: list[Any] = [(str(first + at // ROWS), body) for at in range(group * ROWS)]
            with connection.cursor() as cursor:
                cursor.executemany(INSERT, rows)
            connection.commit()
        return orders / (time.perf_counter() - began)
