"""Core statements, compiled once per database and run on the driver (SQLAlchemy's own execution costs three times
the statement). A statement whose parameters are all given by name needs one dictionary look-up and one tuple a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

V = TypeVar("V")

STATEMENTS_MAX = 2_000
"""More distinct statements than all modules together hold: somebody builds them per call, and that leaks."""

Arguments = Callable[[Mapping[str, Any]], tuple[Any, ...]]


def upsert(table: sa.Table) -> Insert:
    """`INSERT … ON CONFLICT …` for both databases: `.on_conflict_do_nothing(index_elements=[…])`,
    `.on_conflict_do_update(index_elements=[…], set_={…}, where=…)`, `.excluded`, `.returning(…)`."""
    return insert(table)


class _AnyOf(sa.ColumnElement[bool]):
    inherit_cache = False
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], values: sa.BindParameter[Any]) -> None:
        self.column, self.values = column, values

    def self_group(self, against: Any = None) -> Any:
        # Otherwise SQLite is told `… = 1`, and then uses no index.
        return self


class _List(sa.types.TypeDecorator[Any]):
    """A bound list: an array for PostgreSQL, a JSON text for SQLite."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: type[sa.types.TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else sa.Text())


def any_of(column: sa.ColumnElement[V], name: str) -> sa.ColumnElement[bool]:
    """`column IN (…)` for `run`: the list is bound under `name` when the statement runs, however long it is."""
    return _AnyOf(column, sa.bindparam(name, type_=_List(type(column.type))))


def delete_oldest(column: sa.Column[Any], *conditions: sa.ColumnElement[bool] | sa.TextClause) -> sa.Delete:
    """Deletes the rows with the lowest `column`, as far as they are below `before`; `rows_max` values of it at most.
    By an index that begins with ids, which are in the order of time, no more is looked at than is deleted."""
    old = sa.select(column).where(column < sa.bindparam("before"), *conditions).order_by(column)
    some = old.limit(sa.bindparam("rows_max", type_=sa.BigInteger)).correlate(None)
    return sa.delete(column.table).where(column.in_(some.scalar_subquery()))


@compiles(_AnyOf, "sqlite")
def _any_of_sqlite(element: _AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), compiler.process(element.values, **kw)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both parts are compiled SQL


@compiles(_AnyOf, "postgresql")
def _any_of_postgres(element: _AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} = ANY({compiler.process(element.values, **kw)})"


class _SqliteInlining(SQLiteCompiler):
    """Constants stand in the text: SQLite uses a partial index only for a condition whose value it sees."""

    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> str:
        return super().visit_bindparam(bindparam, *args, **_with_literals(bindparam, kw))

    def limit_clause(self, select: Any, **kw: Any) -> str:
        # SQLite plans by the value of a bare parameter here, and so compiles the statement anew whenever it is bound.
        text: str = super().limit_clause(select, **kw)
        limit = select._limit_clause
        return text if limit is None else text.replace(bare := self.process(limit, **kw), f"{bare} + 0", 1)


class _PostgresInlining(PGCompiler_psycopg):
    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> str:
        return super().visit_bindparam(bindparam, *args, **_with_literals(bindparam, kw))


def _with_literals(bindparam: Any, kw: dict[str, Any]) -> dict[str, Any]:
    constant = not bindparam.required and not bindparam.expanding and type(bindparam.value) in (int, str)
    return {**kw, "literal_binds": True} if constant else kw


class _SqliteFixed(SQLiteDialect):
    statement_compiler = _SqliteInlining
    supports_statement_cache = False


class _PostgresFixed(PGDialect_psycopg):
    statement_compiler = _PostgresInlining
    supports_statement_cache = False


class Prepared:
    """A compiled statement: its text, and how the named parameters of a call become the driver's tuple."""

    __slots__ = ("arguments", "names", "returns_rows", "size", "sql")

    def __init__(self, compiled: SQLCompiler, *, lists_as_json: bool) -> None:
        _refuse_what_needs_sqlalchemy(compiled)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        constants = {bind.key: bind.value for bind in binds if not bind.required}
        lists = {bind.key for bind in binds if isinstance(bind.type, _List)}
        self.sql = compiled.string
        self.returns_rows = compiled.isinsert is compiled.isupdate is compiled.isdelete or bool(
            compiled.effective_returning
        )
        self.names = frozenset(bind.key for bind in binds if bind.required)
        self.size = len(self.names)
        self.arguments = _arguments([bind.key for bind in binds], constants, lists, _json if lists_as_json else list)


def _refuse_what_needs_sqlalchemy(compiled: SQLCompiler) -> None:
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError(f"a list in a prepared statement: use any_of(column, name), or tx.execute\n{compiled.string}")
    if getattr(compiled, "insert_prefetch", ()) or getattr(compiled, "update_prefetch", ()):
        raise TypeError(f"a Python-side default in a prepared statement: bind the value\n{compiled.string}")
    for bind in compiled.binds.values():
        if not isinstance(bind.type, (sa.Text, sa.String, sa.Integer, sa.LargeBinary, _List, sa.types.NullType)):
            raise TypeError(f"{bind.key} is {bind.type!r}: columns are Text, BigInteger and LargeBinary")


def _arguments(
    keys: list[str], constants: dict[str, Any], lists: set[str], to_list: Callable[[Iterable[Any]], Any]
) -> Arguments:
    take = _taker(keys)
    if lists:
        return lambda params: take({**constants, **params, **{name: to_list(params[name]) for name in lists}})
    if constants:
        return lambda params: take({**constants, **params})
    return take


def _taker(keys: list[str]) -> Arguments:
    if not keys:
        return lambda params: ()
    if len(keys) == 1:
        (only,) = keys
        return lambda params: (params[only],)
    return itemgetter(*keys)


def _json(values: Iterable[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()


class Statements:
    """Everything one kind of database has compiled so far."""

    def __init__(self, fixed: DefaultDialect, free: DefaultDialect) -> None:
        self._fixed, self._free = fixed, free
        self._lists_as_json = fixed.name == "sqlite"
        self.prepared: dict[sa.Executable, Prepared] = {}

    def prepare(self, statement: sa.Executable) -> Prepared:
        """Compiles a module-level statement for good. TypeError for what the driver alone cannot run."""
        if len(self.prepared) >= STATEMENTS_MAX:
            raise TypeError("too many prepared statements: build them at module level, or use tx.execute")
        if isinstance(statement, sa.Insert):
            statement = statement.inline()
        compiled = statement.compile(dialect=self._fixed)  # type: ignore[attr-defined]
        return Prepared(compiled, lists_as_json=self._lists_as_json)

    def expand(self, statement: sa.Executable) -> tuple[str, tuple[Any, ...], bool]:
        """A statement built for one call: text, arguments, whether it returns rows."""
        compiled = statement.compile(dialect=self._free, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
        if getattr(compiled, "insert_prefetch", ()) or getattr(compiled, "update_prefetch", ()):
            raise TypeError(f"a Python-side default: bind the value\n{compiled.string}")
        params = compiled.construct_params()
        writes = compiled.isinsert or compiled.isupdate or compiled.isdelete
        arguments = tuple(params[name] for name in compiled.positiontup or ())
        return compiled.string, arguments, not writes or bool(compiled.effective_returning)


def for_sqlite() -> Statements:
    return Statements(_SqliteFixed(paramstyle="qmark"), SQLiteDialect(paramstyle="qmark"))


def for_postgres() -> Statements:
    fixed, free = _PostgresFixed(paramstyle="format"), PGDialect_psycopg(paramstyle="format")
    return Statements(fixed, free)


def misfit(prepared: Prepared, params: Mapping[str, Any]) -> TypeError:
    """Says which names of a call are missing or unknown."""
    missing, unknown = sorted(prepared.names - params.keys()), sorted(params.keys() - prepared.names)
    return TypeError(f"missing {missing}, unknown {unknown} in\n{prepared.sql}")
