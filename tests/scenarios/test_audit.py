"""The audit: clean after everything that can happen to orders, and blind to no kind of corruption."""

import asyncio
import shutil
from pathlib import Path
from typing import NoReturn

import pysqlite3
import pytest

from shikanji.audit import command, watermark
from shikanji.audit.run import Audit
from shikanji.audit.since import KEYS, KINDS
from shikanji.audit.views import card_number
from shikanji.configuration import PlatformSettings
from shikanji.kit.clock import DAY, HOUR, SystemClock
from tests.harness import ALL, open_shop
from tests.scenarios.audited_day import audit, live_a_day, violated
from tests.scenarios.corruptions import CANCELLED, COMPLETED, CONFIRMED, INNOCENT, PLANTED, corrupt, one


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after a day of everything, at rest."""
    folder = tmp_path_factory.mktemp("lived") / "data"

    async def live() -> None:
        async with open_shop(folder) as shop:
            await live_a_day(shop)

    asyncio.run(live())
    return folder


def test_the_audit_is_clean_after_a_day_of_everything(lived: Path) -> None:
    report = audit(lived, ahead=0)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}


BEFORE_THE_DAY = SystemClock().now() - DAY
SEEN_NEW = {*KEYS, *KINDS}


@pytest.mark.parametrize(("key", "database", "statement"), PLANTED, ids=lambda value: str(value)[:40])
def test_a_planted_corruption_is_found(lived: Path, tmp_path: Path, key: str, database: str, statement: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    corrupt(folder, database, statement.format(cancelled=one(folder, "order", f"SELECT {CANCELLED}")))

    report = audit(folder)

    assert key in {found.split()[0] for found in violated(report)}
    if key in SEEN_NEW:
        assert key in {found.split()[0] for found in violated(audit(folder, since=BEFORE_THE_DAY))}


@pytest.mark.parametrize(("key", "database", "script"), INNOCENT, ids=lambda value: str(value)[:40])
def test_what_may_well_happen_is_no_alarm(lived: Path, tmp_path: Path, key: str, database: str, script: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    connection = pysqlite3.connect(folder / f"{database}.db")
    connection.executescript(script)
    connection.close()

    report = audit(folder)

    assert key not in {found.split()[0] for found in violated(report)}


def test_a_look_at_what_is_new_is_clean_after_a_day_of_everything_and_says_what_it_does_not_see(lived: Path) -> None:
    report = audit(lived, ahead=0, since=BEFORE_THE_DAY)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.since is not None
    assert {"8", "28 order", "35a"} <= {*report.unseen}
    assert {finding.key for finding in report.findings}.isdisjoint(report.unseen)


def test_what_had_settled_before_is_judged_by_the_whole_audit_only(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    corrupt(folder, "order", f"UPDATE orders SET lines_hash = 'another' WHERE id = {COMPLETED}")
    later = SystemClock().now() + 2 * HOUR

    assert violated(audit(folder, since=later)) == set()
    assert "7" in violated(audit(folder, since=BEFORE_THE_DAY))
    assert "7" in violated(audit(folder))


def test_what_is_under_way_is_judged_however_long_it_has_been(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    corrupt(folder, "order", f"UPDATE orders SET lines_hash = 'another' WHERE id = {CONFIRMED}")

    assert violated(audit(folder, since=SystemClock().now() + 2 * HOUR)) == {"7"}


def test_an_audit_that_was_clean_is_remembered_and_never_forgets(tmp_path: Path) -> None:
    assert watermark.read(tmp_path, "here") is None

    watermark.write(tmp_path, watermark.raised(None, "here", 5, whole=True))
    for settled_before, whole in ((9, False), (7, False)):
        known = watermark.read(tmp_path, "here")
        watermark.write(tmp_path, watermark.raised(known, "here", settled_before, whole=whole))
    assert watermark.read(tmp_path, "here") == watermark.Watermark("here", clean_before=9, whole_before=5)

    (tmp_path / watermark.NAME).write_text("nobody can read this")
    assert watermark.read(tmp_path, "here") is None


def test_what_is_remembered_of_some_databases_says_nothing_of_others(tmp_path: Path) -> None:
    files = watermark.databases(f"sqlite:///{tmp_path}/{{service}}.db")
    server = watermark.databases("postgresql://asha:secret@db.test:5432/{service}")
    watermark.write(tmp_path, watermark.raised(None, files, 5, whole=True))

    assert watermark.read(tmp_path, server) is None
    assert watermark.read(tmp_path, files) is not None
    assert "secret" not in server


def test_every_invariant_has_a_planted_corruption(lived: Path) -> None:
    look = Audit({service.name: lived / f"{service.name}.db" for service in ALL})
    keys = {invariant.key.split()[0] for invariant in look.invariants}
    look.close()

    assert keys == {key for key, _, _ in PLANTED}


def test_what_a_subscriber_lacks_is_listed_for_repair(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    lost = one(folder, "customer", "SELECT max(event_id) FROM inbox WHERE type = 'OrderCreated'")
    corrupt(folder, "customer", f"DELETE FROM inbox WHERE event_id = '{lost}'")

    assert audit(folder).lacking == {"order": [lost]}


def test_what_is_too_young_to_have_settled_is_not_judged(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    corrupt(folder, "order", "UPDATE outbox SET published_at = NULL")

    assert violated(audit(folder, ahead=0, quiet=DAY)) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4111 1111 1111 1111", True),
        ("card 5555-5555-5555-4444 ok", True),
        ("4111111111111112", False),
        ("+919845012345", False),
        ("+8613800000004", False),
        ("8613800000004", True),
        ('{"placedAt":4111111111111111}', False),
        ('{"notes":"4111111111111111"}', True),
        ("01a20334-a285-745b-9f58-233f90c785bd", False),
    ],
)
def test_a_card_number_is_known_by_its_check_digit_and_never_in_a_number_of_json(text: str, found: bool) -> None:
    assert (card_number(text) is not None) is found


def test_a_mark_that_cannot_be_kept_changes_nothing_of_what_was_found(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    folder.joinpath(f"{watermark.NAME}.new").mkdir()
    settings = PlatformSettings(data_dir=str(folder))

    code = command.run(settings, _nobody, settle=False, repair=False, forget=False, new=False, as_json=True)

    assert code == command.CLEAN
    assert not folder.joinpath(watermark.NAME).exists()


def _nobody() -> NoReturn:
    pytest.fail("a look needs no settings of services")
