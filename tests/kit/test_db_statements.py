"""What a prepared statement takes and what it refuses, before any database sees it."""

from collections.abc import Callable
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import STATEMENTS_MAX, Statements, for_postgres, for_sqlite, upsert
from tests.kit.counters import counters

dialects = pytest.mark.parametrize("make", [for_sqlite, for_postgres])
Make = Callable[[], Statements]

serial = iter(count())
with_default = sa.Table(
    "with_default",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, default=lambda: next(serial), onupdate=lambda: next(serial)),
    sa.Column("at", sa.DateTime),
)


@dialects
def test_a_list_in_a_prepared_statement_is_refused(make: Make) -> None:
    with pytest.raises(TypeError, match="any_of"):
        make().prepare(sa.select(counters.c.id).where(counters.c.id.in_(["a", "b"])))


@dialects
def test_a_default_made_by_python_is_refused(make: Make) -> None:
    for statement in (
        sa.insert(with_default).values(id=bindparam("id")),
        sa.update(with_default).values(id=bindparam("id")),
    ):
        with pytest.raises(TypeError, match="Python-side default"):
            make().prepare(statement)
        with pytest.raises(TypeError, match="Python-side default"):
            make().expand(statement)


@dialects
def test_a_type_that_needs_conversion_is_refused(make: Make) -> None:
    with pytest.raises(TypeError, match="at is DateTime"):
        make().prepare(sa.select(with_default.c.id).where(with_default.c.at == bindparam("at")))


@dialects
def test_statements_built_per_call_are_found_out(make: Make) -> None:
    statements = make()
    statements.prepared |= {sa.text(str(number)): None for number in range(STATEMENTS_MAX)}  # type: ignore[misc]

    with pytest.raises(TypeError, match="module level"):
        statements.prepare(sa.select(counters.c.id))


@dialects
def test_constants_stand_in_the_text_and_names_become_a_tuple(make: Make) -> None:
    statement = (
        sa.update(counters)
        .values(value=bindparam("new"), note=None)
        .where(counters.c.id == "it's 100%", counters.c.value == bindparam("old"), counters.c.value > 7)
    )

    prepared = make().prepare(statement)

    assert "'it''s 100%" in prepared.sql
    assert "> 7" in prepared.sql
    assert prepared.names == {"new", "old"}
    assert sorted(map(str, prepared.arguments({"new": 1, "old": 2}))) == ["1", "2", "None"]
    assert not prepared.returns_rows


@dialects
def test_a_statement_says_whether_it_returns_rows(make: Make) -> None:
    plain = upsert(counters).on_conflict_do_nothing()

    assert not make().prepare(plain).returns_rows
    assert make().prepare(plain.returning(counters.c.id)).returns_rows
    assert make().prepare(sa.select(counters)).returns_rows
    assert not make().prepare(sa.delete(counters)).returns_rows


def test_a_partial_index_is_used_for_a_constant() -> None:
    prepared = for_sqlite().prepare(sa.select(counters.c.id).where(counters.c.note.is_(None), counters.c.id == "x"))

    assert "?" not in prepared.sql
    assert prepared.arguments({}) == ()
