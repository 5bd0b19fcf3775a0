"""`shikanji engines` as its users meet it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shikanji.engines import NAMES, Engines, running_urls
from tests.command_line import shikanji


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The data folder; what a failed test has left running ends with it."""
    yield tmp_path
    for engine in Engines(tmp_path / "engines", attached=False).all:
        engine.kill()


def exported(said: str) -> dict[str, str]:
    """What a shell has after `eval`."""
    words = [word for line in said.splitlines() for word in shlex.split(line.removeprefix("export "))]
    return dict(word.split("=", 1) for word in words)


def states(folder: Path, **settings: str) -> dict[str, str]:
    return {row["engine"]: row["state"] for row in shikanji("engines", "status", folder=folder, **settings).rows}


def test_up_leaves_them_running_for_others_and_down_leaves_nothing_but_data(folder: Path) -> None:
    first = shikanji("engines", "up", "postgres", "nats", folder=folder)
    again = shikanji("engines", "up", "nats", "postgres", folder=folder)
    urls = exported(first.out)

    assert (first.code, again.code) == (0, 0)
    assert "PostgreSQL is starting" in first.err
    assert "is starting" not in again.err
    assert first.out == again.out
    assert running_urls(folder / "engines") == urls
    assert states(folder) == {"postgres": "running", "nats": "running", "valkey": "stopped", "s3": "stopped"}
    with psycopg.connect(urls["SHIKANJI_DATABASE_URL"].format(service="postgres")) as connection:
        shown = connection.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')").fetchone()
    assert shown == ("on", "on")
    assert "sync_interval: always" in (folder / "engines" / "nats" / "nats.conf").read_text()

    down = shikanji("engines", "down", folder=folder)

    assert down.code == 0
    assert down.err.splitlines() == ["NATS is stopping", "PostgreSQL is stopping"]
    assert set(states(folder).values()) == {"stopped"}
    assert running_urls(folder / "engines") == {}
    assert (folder / "engines" / "postgres" / "data" / "PG_VERSION").exists()


def test_an_engine_that_the_settings_name_is_not_started(folder: Path) -> None:
    elsewhere = {
        "database_url": "postgresql://somebody@db.example.in/{service}",
        "bus_url": "nats://bus.example.in",
        "files_url": "s3://bucket",
    }

    up = shikanji("engines", "up", folder=folder, **elsewhere)

    assert up.code == 0
    assert list(exported(up.out)) == ["SHIKANJI_CACHE_URL"]
    assert "postgres is not started: SHIKANJI_DATABASE_URL names one" in up.err
    assert states(folder, **elsewhere) == {
        "postgres": "named by SHIKANJI_DATABASE_URL",
        "nats": "named by SHIKANJI_BUS_URL",
        "valkey": "running",
        "s3": "named by SHIKANJI_FILES_URL",
    }


def test_a_killed_engine_is_stopped_and_comes_back_by_up(folder: Path) -> None:
    first = exported(shikanji("engines", "up", "valkey", folder=folder).out)
    Engines(folder / "engines", attached=False).valkey.kill()
    assert states(folder)["valkey"] == "stopped"

    assert exported(shikanji("engines", "up", "valkey", folder=folder).out) == first


def test_an_unknown_engine_is_refused_with_those_there_are(folder: Path) -> None:
    refused = shikanji("engines", "up", "mysql", folder=folder)

    assert refused.code == 2
    assert f"There is no engine mysql: they are {', '.join(NAMES)}." in refused.err


def test_down_says_that_nothing_runs(folder: Path) -> None:
    assert "no engine is running in " in shikanji("engines", "down", folder=folder).err
