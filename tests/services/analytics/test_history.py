"""The history: days that are over go into files once, and are asked there."""

from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from shikanji.kit.clock import DAY, HOUR
from shikanji.kit.compute import Compute
from shikanji.kit.files import Files, S3Access
from shikanji.kit.files.opening import open_files
from shikanji.kit.jobs import Job
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.analytics import service
from shikanji.services.analytics.history import Question, ask, to_parquet
from shikanji.services.analytics.jobs import write_history
from shikanji.services.analytics.repository.events import Kept
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Client
from tests.makers import SpokenTokens, make_room_of
from tests.services.analytics.edge import Office
from tests.services.analytics.makers import (
    NOON,
    OTHER_STORE,
    STORE,
    completed,
    confirmed,
    created,
    envelopes,
    lives,
    number,
    opened,
    paid,
    refunded,
    tell,
)

ENGINES = ["sqlite", "postgres"]


class Archive:
    def __init__(self, base: OpenDatabase, files: Files) -> None:
        self.base = base
        self.files = files
        self.room: Room = make_room_of(
            base, verifier=SpokenTokens(STORE, OTHER_STORE), files=self.files, compute=Compute(threads=1)
        )
        self.office = Office(base, Client(service_app(self.room, service)))

    async def work(self) -> None:
        await write_history(self.room, cast(Job, None))

    async def lose_the_last(self) -> None:
        await self.files.delete(self.recorded()[-1][0].replace("/events/", "/asked/"))

    def recorded(self) -> list[Any]:
        return self.base.query("SELECT name, events FROM history_files ORDER BY first_seq")

    async def rows(self, query: str = "", token: str = "admin") -> list[tuple[Any, ...]]:
        shown = await self.office.get(f"/history?from=2024-01-01&to=2026-12-31{query}", token)
        return [(row["period"], row["placed"], row["paid"], row["refunded"], row["revenue"]) for row in shown["rows"]]


@pytest.fixture
async def archive(base: OpenDatabase) -> Archive:
    await tell(base, opened(STORE), opened(OTHER_STORE))
    return Archive(base, open_files("memory://", S3Access()))


@pytest.fixture(params=["folder", "seaweed", "moto"])
async def stored(request: pytest.FixtureRequest, base: OpenDatabase, tmp_path: Path) -> Archive:
    """In every other store of files there is."""
    await tell(base, opened(STORE), opened(OTHER_STORE))
    if request.param == "folder":
        return Archive(base, open_files((tmp_path / "files").as_uri(), S3Access()))
    access: S3Access = request.getfixturevalue(request.param)
    return Archive(base, open_files(f"s3://shikanji/{tmp_path.name}", access))


async def sell(archive: Archive, *, days: int = 0, store: str = STORE, back: int = 0) -> None:
    order, at = number(), NOON - days * DAY
    await tell(
        archive.base,
        created(order, at=at, store_id=store),
        confirmed(order, at=at, store_id=store),
        paid(order, at=at, store_id=store),
        completed(order, at=at, store_id=store),
        *([refunded(order, back, at=NOON)] if back else []),
    )


async def test_a_day_goes_into_a_file_when_it_is_over_and_once(archive: Archive) -> None:
    await sell(archive)
    await archive.work()
    assert archive.recorded() == []
    archive.base.clock.advance(DAY + HOUR)
    await sell(archive)

    await archive.work()
    await archive.work()

    ((first,),) = archive.base.query("SELECT min(seq) FROM analytics_events")
    assert archive.recorded() == [(f"analytics/events/2026-11-22/{first}.parquet", 6)]


async def test_days_are_written_and_asked_in_every_store_of_files(stored: Archive) -> None:
    for _ in range(2):
        await sell(stored, back=400)
        stored.base.clock.advance(DAY)
    stored.base.clock.advance(HOUR)

    await stored.work()

    assert [events for _, events in stored.recorded()] == [7, 5]
    assert await stored.rows() == [("2026-11-01", 2, 16_800, 800, 16_000)]
    await stored.lose_the_last()
    assert (await stored.office.ask("/history?from=2026-01-01&to=2026-12-31")).status == 503


async def test_a_file_that_was_not_recorded_is_written_again_under_its_name(archive: Archive) -> None:
    await sell(archive)
    archive.base.clock.advance(2 * DAY)
    await archive.work()
    (before,) = archive.recorded()
    first = await archive.files.get(before[0])
    await archive.base.write(lambda tx: tx.execute(service.metadata.tables["history_files"].delete()))

    await archive.work()

    assert archive.recorded() == [before]
    assert first is not None
    assert await archive.files.get(before[0]) == first


async def test_what_happened_counts_in_the_month_in_which_it_happened(archive: Archive) -> None:
    await sell(archive, days=40, back=400)
    await sell(archive)
    await sell(archive, store=OTHER_STORE)
    assert await archive.rows() == []
    archive.base.clock.advance(2 * DAY)
    await archive.work()

    assert await archive.rows(f"&storeId={STORE}") == [
        ("2026-10-01", 1, 8_400, 0, 8_400),
        ("2026-11-01", 1, 8_400, 400, 8_000),
    ]
    assert await archive.rows("&grain=day", "manager of other") == [("2026-11-22", 1, 8_400, 0, 8_400)]
    assert len(await archive.rows()) == 3


async def test_the_history_agrees_with_the_figures(archive: Archive) -> None:
    for days in (0, 3, 35):
        await sell(archive, days=days)
    archive.base.clock.advance(2 * DAY)
    await archive.work()

    total = (await archive.office.get("/sales?from=2026-01-01&to=2026-11-30&grain=month"))["total"]

    rows = await archive.rows()
    assert (sum(row[1] for row in rows), sum(row[4] for row in rows)) == (total["placed"], total["revenue"])


def test_what_is_asked_is_a_small_part_of_what_is_kept() -> None:
    sent = envelopes(lives(100, seed=1))
    kept = [
        Kept(seq, each.id, each.type, each.occurred_at, STORE, each.metadata.aggregate_id, 1, NOON, each.data)
        for seq, each in enumerate(sent, start=1)
    ]

    written = to_parquet(kept)

    assert 0 < 4 * len(written.asked) < len(written.events)


def test_who_asks_the_history_touches_no_file_but_those_in_its_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    for folder in (inside, tmp_path):
        Path(folder, "1.parquet").write_bytes(to_parquet([]).asked)
    question = Question([STORE], 0, NOON, "day", "Asia/Kolkata")

    assert ask(inside, [inside / "1.parquet"], question) == []
    with pytest.raises(duckdb.PermissionException):
        ask(inside, [tmp_path / "1.parquet"], question)


async def test_what_the_store_of_files_has_lost_is_said(archive: Archive) -> None:
    await sell(archive)
    archive.base.clock.advance(2 * DAY)
    await archive.work()
    await archive.lose_the_last()

    assert (await archive.office.ask("/history?from=2026-01-01&to=2026-12-31")).status == 503


async def test_who_may_not_see_a_store_sees_no_history_of_it(archive: Archive) -> None:
    assert (await archive.office.ask(f"/history?storeId={STORE}", "manager of other")).status == 403
    assert (await archive.office.ask("/history", "chef")).status == 403
    assert (await archive.office.ask("/history?from=2001-01-01")).status == 422
