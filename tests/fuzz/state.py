"""Everything that the platform knows, in one look: to see that a refusal changed nothing."""

import sqlalchemy as sa

from shikanji.kit.db.tx import Tx
from shikanji.kit.housekeeping import with_housekeeping
from shikanji.process import Process


async def state(platform: Process) -> dict[str, list[str]]:
    """The rows of every table of every service, by `service.table`; but for when what is done by the clock is done
    next, which changes while nobody asks for anything."""
    found: dict[str, list[str]] = {}
    for service in platform.services:
        periods = [*with_housekeeping(service.jobs).periods]
        for table in service.metadata.sorted_tables:
            rows = await platform.rooms[service.name].db.read(_rows, table, periods)
            found[f"{service.name}.{table.name}"] = rows
    return found


def _rows(tx: Tx, table: sa.Table, periods: list[str]) -> list[str]:
    rows = sa.select(table)
    return sorted(map(repr, tx.execute(rows.where(table.c.kind.not_in(periods)) if table.name == "jobs" else rows)))


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {name for name, rows in before.items() if rows != after[name]}
