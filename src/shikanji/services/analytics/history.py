"""Events of days gone by in files of columns, written and asked with DuckDB: with bounds of its own, on one thread, and
never with a statement that a client has written."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from shikanji.kit.errors import Unavailable
from shikanji.services.analytics.repository.events import Kept

if TYPE_CHECKING:
    import duckdb

HistoryGrain = Literal["day", "month"]

MEMORY_MAX, SPILLED_MAX = "256MB", "2GB"
SECONDS_MAX = 20.0
ROWS_MAX = 1_000

COLUMNS = {
    "seq": "BIGINT",
    "id": "VARCHAR",
    "type": "VARCHAR",
    "at": "BIGINT",
    "store_id": "VARCHAR",
    "aggregate_id": "VARCHAR",
    "version": "BIGINT",
    "received_at": "BIGINT",
    "amount": "BIGINT",
    "data": "VARCHAR",
}
ASKED = ("OrderCreated", "OrderConfirmed", "OrderCompleted", "OrderCancelled", "PaymentCompleted", "RefundCompleted")
_WRITE = """COPY (SELECT * FROM read_json($source, format = 'newline_delimited', columns = $columns))
TO $target (FORMAT parquet, COMPRESSION zstd)"""
_WRITE_ASKED = """
COPY (SELECT type, store_id, "at", amount
      FROM read_json($source, format = 'newline_delimited', columns = $columns)
      WHERE type IN (SELECT unnest($types)) ORDER BY store_id, type, "at", seq)
TO $target (FORMAT parquet, COMPRESSION zstd)"""
_ASK = """
SELECT strftime(date_trunc($grain, timezone($zone, make_timestamptz("at"))), '%Y-%m-%d') AS period, store_id,
       count(*) FILTER (type = 'OrderCreated'), count(*) FILTER (type = 'OrderConfirmed'),
       count(*) FILTER (type = 'OrderCompleted'), count(*) FILTER (type = 'OrderCancelled'),
       coalesce(sum(amount) FILTER (type = 'PaymentCompleted'), 0)::BIGINT,
       coalesce(sum(amount) FILTER (type = 'RefundCompleted'), 0)::BIGINT
FROM read_parquet($files)
WHERE "at" >= $since AND "at" < $until AND store_id IN (SELECT unnest($stores))
GROUP BY period, store_id ORDER BY period, store_id LIMIT $rows_max"""


class HistoryRow(NamedTuple):
    """What happened in a period (its first day) in a store: counted when it happened, not when the order was placed."""

    period: str
    store_id: str
    placed: int
    confirmed: int
    completed: int
    cancelled: int
    paid: int
    refunded: int


class Question(msgspec.Struct, frozen=True):
    """`since` to before `until`, in µs; periods are those of `zone`."""

    stores: Sequence[str]
    since: int
    until: int
    grain: HistoryGrain
    zone: str


class _Amount(msgspec.Struct):
    amount: int | None = None


_amount = msgspec.json.Decoder(_Amount, strict=False).decode


class Written(NamedTuple):
    """Two files: the events whole, and of those that count only what is asked of them, which is a small part."""

    events: bytes
    asked: bytes


def to_parquet(events: Iterable[Kept]) -> Written:
    """For a thread."""
    with TemporaryDirectory(prefix="shikanji-history-") as name, _opened(name) as connection:
        source, whole, asked = (Path(name, each) for each in ("events.json", "events.parquet", "asked.parquet"))
        with source.open("wb") as lines:
            lines.writelines(_line(event) for event in events)
        given = {"source": str(source), "columns": COLUMNS}
        connection.execute(_WRITE, {**given, "target": str(whole)})
        connection.execute(_WRITE_ASKED, {**given, "target": str(asked), "types": list(ASKED)})
        return Written(whole.read_bytes(), asked.read_bytes())


def ask(folder: Path, files: Sequence[Path], question: Question) -> list[HistoryRow]:
    """Of files with what is asked, in the folder where all else is done too. For a thread. Raises Unavailable when it
    takes too long."""
    if not files:
        return []
    asked = {
        **msgspec.structs.asdict(question),
        "stores": list(question.stores),
        "files": [str(path) for path in files],
        "rows_max": ROWS_MAX + 1,
    }
    with _opened(str(folder)) as connection:
        return [HistoryRow(*row) for row in connection.execute(_ASK, asked).fetchall()]


def _line(event: Kept) -> bytes:
    values = {**msgspec.structs.asdict(event), "data": event.data.decode(), "amount": _amount_of(event)}
    return msgspec.json.encode(values) + b"\n"


def _amount_of(event: Kept) -> int | None:
    return _amount(event.data).amount if event.type in ("PaymentCompleted", "RefundCompleted") else None


@contextmanager
def _opened(folder: str) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Loads nothing from anywhere, touches no file but those in the folder, keeps there what does not fit into memory,
    and gives up in time."""
    import duckdb

    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": MEMORY_MAX,
        "temp_directory": folder,
        "max_temp_directory_size": SPILLED_MAX,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute("SET allowed_directories = $folders", {"folders": [folder]})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        alarm = threading.Timer(SECONDS_MAX, connection.interrupt)
        alarm.start()
        try:
            yield connection
        except duckdb.InterruptException as late:
            raise Unavailable("The history takes too long: ask for less of it.") from late
        finally:
            alarm.cancel()
