"""Everything that the platform knows, in one look: to see that a refusal changed nothing."""

import sqlalchemy as sa

from shikanji.kit.db.tx import Tx
from shikanji.process import Process


async def state(platform: Process) -> dict[str, list[str]]:
    """The rows of every table of every service, by `service.table`."""
    found: dict[str, list[str]] = {}
    for service in platform.services:
        for table in service.metadata.sorted_tables:
            rows = await platform.rooms[service.name].db.read(_rows, table)
            found[f"{service.name}.{table.name}"] = rows
    return found


def _rows(tx: Tx, table: sa.Table) -> list[str]:
    return sorted(map(repr, tx.execute(sa.select(table))))


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {name for name, rows in before.items() if rows != after[name]}
