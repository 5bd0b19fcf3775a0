"""Every statement of the kit finds its rows by an index, however many rows there are."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from shikanji.kit.db import sql
from shikanji.kit.db.sqlite_connection import STATEMENTS, open_reader
from tests.kit.counters import SERVICE
from tests.kit.databases import open_database

EXPECTED = {
    "SELECT_UNPUBLISHED": "outbox_unpublished",
    "FIRST_UNPUBLISHED": "outbox_unpublished",
    "COUNT_UNPUBLISHED": "outbox_unpublished",
    "MARK_PUBLISHED": "PRIMARY KEY",
    "MARK_PUBLISHED_UNDER": "PRIMARY KEY",
    "NEXT_EPOCH": "outbox_epochs",
    "FIRST_OF_EPOCH": "outbox_epochs (published_under=? AND published_at>?)",
    "SELECT_PUBLISHED_ELSEWHERE": "PRIMARY KEY",
    "SELECT_PUBLISHED": "PRIMARY KEY",
    "UNPUBLISH": "event_id=?",
    "SELECT_DUE_JOBS": "due_at<?",
    "COUNT_LATE_JOBS": "due_at<?",
    "FIRST_DUE_JOB": "ix_jobs_due_at",
    "FIRST_LEASE_END": "jobs_leased",
    "COUNT_LEASED_JOBS": "jobs_leased",
    "VOID_LEASES": "jobs_leased",
    "SELECT_PARKED": "inbox_waiting",
    "WAIT_BEHIND": "inbox_waiting",
    "SELECT_WAITING_OF_AGGREGATE": "inbox_waiting",
    "MAKE_FIRST_DUE": "inbox_waiting",
    "SELECT_DUE_AGGREGATES": "inbox_due",
    "FIRST_DUE_EVENT": "inbox_due",
    # The oldest rows, in the order in which they lie.
    "SELECT_FIRST_IN_OUTBOX": "SCAN outbox",
}


def statements() -> dict[str, sa.Executable]:
    named: dict[str, sa.Executable] = {}
    for name, found in vars(sql).items():
        if name.isupper() and name[0] != "_":
            of_name = (
                {f"{name}[{key}]": each for key, each in found.items()} if isinstance(found, dict) else {name: found}
            )
            named |= {key: each for key, each in of_name.items() if isinstance(each, sa.Select | sa.Update | sa.Delete)}
    return named


@pytest.mark.parametrize("name", statements())
async def test_rows_are_found_by_an_index(name: str, tmp_path: Path) -> None:
    async with open_database(SERVICE, tmp_path):
        plan = plan_of(tmp_path / "counters.db", statements()[name])

    wanted = EXPECTED.get(name, "inbox_" if "LETTERS" in name else "PRIMARY KEY")
    assert wanted in plan
    assert "SCAN jobs USING PRIMARY" not in plan
    assert "TEMP B-TREE" not in plan or "LETTERS[waiting]" in name


def plan_of(path: Path, statement: sa.Executable) -> str:
    prepared = STATEMENTS.prepare(statement)
    reader = open_reader(path)
    try:
        arguments = ("[1]",) * prepared.sql.count("?")
        return "; ".join(row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", arguments))
    finally:
        reader.close()
