"""The command line as its users meet it: real processes on small data folders, their exit codes and their words."""

import asyncio
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pysqlite3
import pytest

from tests.command_line import environment, forks, shikanji
from tests.harness import PASSWORD, template

ENDED_SECONDS_MAX = 60
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PRODUCTION = {
    "mode": "production",
    "smtp_url": "smtp://127.0.0.1:1",
    "public_url": "https://order.example.in",
}


def on_a_terminal(*arguments: str, folder: Path) -> str:
    """What the command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    terminal = Path(os.ttyname(theirs))
    pid = forks().run(arguments, environment(folder) | {"COLUMNS": "80", "TERM": "dumb"}, [terminal] * 3)
    forks().wait(pid)
    os.write(theirs, b"\x04")
    with os.fdopen(ours, "rb", buffering=0) as screen:
        shown = b""
        while not shown.endswith(b"\x04"):
            shown += screen.read(65_536)
    os.close(theirs)
    return shown.rstrip(b"\x04").decode().replace("\r", "")


@dataclass
class Running:
    """A platform of its own process, and what it has said so far."""

    pid: int
    folder: Path
    said: str
    _stderr: int

    @property
    def url(self) -> str:
        found = re.search(r"ready on (\S+),", self.said)
        assert found, self.said
        return found[1]

    def listen(self, until: str) -> None:
        while until not in self.said:
            heard, _, _ = select.select([self._stderr], [], [], ENDED_SECONDS_MAX)
            assert heard, self.said
            self.said += os.read(self._stderr, 65_536).decode()

    def end(self, by: signal.Signals) -> int:
        os.kill(self.pid, by)
        code = forks().wait(self.pid)
        while select.select([self._stderr], [], [], 0)[0]:
            self.said += os.read(self._stderr, 65_536).decode()
        os.close(self._stderr)
        return code


def start(folder: Path, *, until: str = "Ctrl-C stops it", **settings: str) -> Running:
    """A platform that has said `until`: that it is ready."""
    with TemporaryDirectory() as place:
        nothing, said = Path(os.devnull), Path(place) / "said"
        os.mkfifo(said)
        stderr = os.open(said, os.O_RDWR)
        pid = forks().run(["up", "--port", "0"], environment(folder, **settings), [nothing, nothing, said])
        platform = Running(pid, folder, "", stderr)
        platform.listen(until)
    return platform


@pytest.fixture(scope="module")
def demo() -> Path:
    return asyncio.run(template())


@pytest.fixture
def folder(demo: Path, tmp_path: Path) -> Path:
    """A stopped platform with the demo data."""
    return Path(shutil.copytree(demo, tmp_path / "data"))


@pytest.fixture(scope="module")
def running(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    platform = start(Path(shutil.copytree(demo, tmp_path_factory.mktemp("running") / "data")))
    platform.listen("head office")
    yield platform
    platform.end(signal.SIGKILL)


def change(folder: Path, service: str, statement: str) -> None:
    connection = pysqlite3.connect(str(folder / f"{service}.db"))
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "arguments", [("events", "tail"), ("events", "replay", "order"), ("audit",), ("audit", "--settle")]
)
def test_a_mistyped_folder_is_named_and_does_not_become_a_platform(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = shikanji(*arguments, folder=tmp_path / "typo")

    assert ended.code == 2
    assert str(tmp_path / "typo") in ended.err
    assert "SHIKANJI_DATA_DIR" in ended.err
    assert not (tmp_path / "typo").exists()


def test_seed_fills_an_empty_platform_once_and_says_afterwards_why_not(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    first = shikanji("seed", folder=tmp_path / "data")
    again = shikanji("seed", folder=tmp_path / "data")

    assert {"account": "admin@demo.test", "who": "head office"} in first.rows
    assert first.code == 0
    assert (again.code, again.out) == (2, "")
    assert "Nothing was changed: there is a card already" in again.err


def test_a_new_folder_and_every_file_in_it_are_for_their_owner_only(tmp_path: Path) -> None:
    shikanji("migrate", folder=tmp_path / "made" / "data")
    (tmp_path / "found").mkdir(mode=0o755)
    shikanji("migrate", folder=tmp_path / "found")

    made = [tmp_path / "made" / "data", *(tmp_path / "found").iterdir()]
    assert len(made) > 5
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_demo_that_others_can_reach_says_so(folder: Path, running: Running) -> None:
    open_to_all = start(folder, host="0.0.0.0")
    open_to_all.listen("for this machine only")

    assert open_to_all.end(signal.SIGTERM) == 0
    assert "for this machine only" not in running.said


def test_a_start_that_waits_says_for_what_and_not_that_it_is_ready(folder: Path) -> None:
    elsewhere = {
        "files_url": "s3://media",
        "s3_endpoint": "http://127.0.0.1:1",
        "s3_access_key": "k",
        "s3_secret_key": "s",
    }
    waiting = start(folder, until="not ready yet: ", **elsewhere)

    waiting.listen("SHIKANJI_S3_ENDPOINT")

    assert waiting.end(signal.SIGTERM) == 0
    assert "ready on" not in waiting.said


def test_production_takes_no_demo_data_and_no_database_of_a_demo(folder: Path, tmp_path: Path) -> None:
    seeding = shikanji("seed", folder=tmp_path / "other", **PRODUCTION)
    starting = shikanji("up", "--port", "0", folder=folder, **PRODUCTION)

    assert (seeding.code, starting.code) == (2, 2)
    assert "refused in production" in seeding.err
    assert "admin@demo.test" in starting.err
    assert "another database" in starting.err


def test_production_starts_without_demo_accounts_outbox_or_sandbox(tmp_path: Path) -> None:
    platform = start(tmp_path / "data", **PRODUCTION)

    assert platform.end(signal.SIGTERM) == 0
    assert platform.url == "https://order.example.in"
    assert "demo" not in platform.said.partition("ready on")[2]
    assert not (tmp_path / "data" / "sandbox.db").exists()


def test_events_are_listed_whole_line_by_line(folder: Path) -> None:
    tail = shikanji("events", "tail", "--lines", "3", "--service", "inventory", folder=folder)
    shown = shikanji("events", "show", tail.rows[-1]["event"], folder=folder)

    assert [row["service"] for row in tail.rows] == ["inventory"] * 3
    assert all(UUID.fullmatch(row["event"]) and UUID.fullmatch(row["aggregate"]) for row in tail.rows)
    assert [row["at"] for row in tail.rows] == sorted(row["at"] for row in tail.rows)
    assert json.loads(shown.out)["recordedBy"] == "inventory"


def test_on_a_terminal_ids_of_events_are_whole_within_80_columns(folder: Path) -> None:
    shown = on_a_terminal("events", "tail", "--lines", "5", folder=folder).splitlines()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \(UTC\)", shown[0])
    assert len(shown) == 6
    assert all(len(line) <= 80 and UUID.search(line) for line in shown[1:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("events", "tail", "--lines", "0"), "lines must be 1 to 1000"),
        (("events", "tail", "--service", "kitchen"), "there is no service kitchen; there are customer, store"),
        (("events", "tail", "--follow", "--lines", "1"), "nothing more will come"),
        (("events", "show", "nothing"), "no service knows an event nothing"),
        (("events", "retry", "order", "nothing"), "order has no event nothing in its inbox"),
        (("events", "discard", "order", "nothing", "--reason", "why not"), "order has no event nothing"),
        (("events", "replay", "order", "--since", "yesterday"), "--since takes a time like"),
    ],
)
def test_what_an_events_command_cannot_do_it_says(demo: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = shikanji(*arguments, folder=demo)

    assert ended.code == 2
    assert said in ended.err


def test_a_dead_event_is_listed_and_discarded_for_a_reason_that_is_kept(folder: Path) -> None:
    change(
        folder,
        "customer",
        "UPDATE inbox SET state = 'dead', attempts = 10, error = 'ValueError: no such role', first_failed_at = 1, "
        "last_failed_at = 2 WHERE event_id = (SELECT min(event_id) FROM inbox)",
    )

    (dead,) = shikanji("events", "dead", folder=folder).rows
    unsaid = shikanji("events", "discard", "customer", dead["event"], folder=folder)
    discarded = shikanji("events", "discard", "customer", dead["event"], "--reason", "a test left it", folder=folder)
    shown = json.loads(shikanji("events", "show", dead["event"], folder=folder).out)
    settled = shikanji("events", "retry", "customer", dead["event"], folder=folder)

    assert (dead["state"], dead["attempts"], dead["error"]) == ("dead", 10, "ValueError: no such role")
    assert unsaid.code != 0
    assert discarded.out == f"{dead['event']} is discarded in customer: a test left it\n"
    errors = {inbox["service"]: inbox["error"] for inbox in shown["inboxes"]}
    assert errors == dict.fromkeys(errors, "") | {"customer": "discarded: a test left it"}
    assert (settled.code, settled.err) == (2, f"{dead['event']} is discarded\n")


def test_replay_says_how_many_events_went_out_again(folder: Path) -> None:
    ended = shikanji("events", "replay", "store", "--since", "2000-01-01T00:00:00Z", folder=folder)

    assert re.fullmatch(r"[1-9]\d* events of store were published again\n", ended.out)


def test_figures_are_made_anew_from_all_events_that_were_kept(folder: Path) -> None:
    ended = shikanji("analytics", "rebuild", folder=folder)

    assert re.fullmatch(r"the figures are made anew from [0-9,]{2,} events\n", ended.out)


def test_a_user_is_made_once_with_a_password_of_its_own(folder: Path) -> None:
    arguments = ("user", "asha@head.test", "--name", "Asha Mehta", "--admin")
    short = shikanji(*arguments, typed="pw\n", folder=folder)
    wrong = shikanji("user", "asha", "--name", "Asha", typed="correct horse battery\n", folder=folder)
    made = shikanji(*arguments, typed="correct horse battery\n", folder=folder)
    again = shikanji(*arguments, typed="correct horse battery\n", folder=folder)

    assert (short.code, short.err) == (2, "password: must have 8 to 128 characters\n")
    assert (wrong.code, wrong.err.startswith("identifier: must be an email address such as")) == (2, True)
    assert (made.code, bool(UUID.search(made.out))) == (0, True)
    assert (again.code, again.err) == (2, "Another account has verified this email or phone\n")


def test_migrate_tells_of_every_service(folder: Path, tmp_path: Path) -> None:
    stamped = shikanji("migrate", folder=folder)
    fresh = shikanji("migrate", folder=tmp_path / "new")

    assert "order: is at the newest schema" in stamped.out
    assert fresh.out.splitlines()[0] == "customer: migrated"


def test_a_damaged_or_newer_database_is_named(folder: Path) -> None:
    change(folder, "store", "UPDATE alembic_version SET version_num = '9999'")
    newer = shikanji("up", "--port", "0", folder=folder)
    (folder / "customer.db").write_bytes(b"what a disk may leave of a file" * 200)
    damaged = shikanji("up", "--port", "0", folder=folder)
    unread = shikanji("audit", folder=folder)

    assert (newer.code, damaged.code, unread.code) == (2, 2, 2)
    assert f"The database of store ({folder}/store.db) cannot be used: its schema (9999) is of a newer" in newer.err
    assert f"The database of customer ({folder}/customer.db) cannot be used" in damaged.err
    assert f"could not read: {folder}/customer.db" in unread.err


def test_the_audit_of_a_clean_platform_ends_with_0_and_says_so(demo: Path) -> None:
    ended = shikanji("audit", folder=demo)
    report = json.loads(shikanji("audit", "--json", folder=demo).out)

    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("clean: ")
    assert sum(finding["count"] for finding in report["findings"]) == 0
    assert report["open"] == {"dead letters": 0, "waiting events": 0, "parked aggregates": 0}


def test_the_audits_report_fits_a_terminal_of_80_columns(demo: Path) -> None:
    shown = on_a_terminal("audit", folder=demo)
    report = shown[shown.index("invariant ") :]

    assert max(map(len, report.splitlines())) <= 80


def test_what_a_subscriber_lacks_is_a_violation_until_it_is_repaired(folder: Path) -> None:
    change(folder, "customer", "DELETE FROM inbox WHERE event_id = (SELECT min(event_id) FROM inbox)")

    found = shikanji("audit", "--settle", folder=folder)
    repaired = shikanji("audit", "--settle", "--repair", folder=folder)
    after = shikanji("audit", "--settle", "--repair", folder=folder)

    assert (found.code, repaired.code, after.code) == (1, 1, 0)
    assert "shikanji audit --repair" in found.out
    assert "1 events will be published again" in repaired.err
    assert "nothing to repair" in after.err


def test_a_running_platform_does_commands_and_keeps_others_off_its_folder(running: Running) -> None:
    tail = shikanji("events", "tail", "--lines", "1", folder=running.folder)
    settled = shikanji("audit", "--settle", folder=running.folder)
    second = shikanji("up", "--port", "0", folder=running.folder)
    migrating = shikanji("migrate", folder=running.folder)
    seeding = shikanji("seed", folder=running.folder)

    assert [len(tail.rows), settled.code] == [1, 0]
    assert (second.code, migrating.code, seeding.code) == (2, 2, 2)
    assert f"in use by process {running.pid}, serving {running.url}" in second.err
    assert "in use by process" in migrating.err
    assert "there is a card already" in seeding.err


def test_a_start_shows_where_to_go_and_with_which_accounts(running: Running) -> None:
    said = running.said

    assert f"{running.url}/docs" in said
    assert f"{running.url}/dev/outbox" in said
    assert PASSWORD in said
    assert "chef.koramangala@demo.test" in said


def test_an_address_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        taken = shikanji("up", "--port", port, folder=tmp_path / "data")
    strange = shikanji("up", folder=tmp_path / "data", host="192.0.2.1")

    assert (taken.code, strange.code) == (2, 2)
    assert f"Port {port} of 127.0.0.1 is taken" in taken.err
    assert "SHIKANJI_HOST: 192.0.2.1 is no address of this machine" in strange.err


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = shikanji("up", "--port", "0", folder=tmp_path / "file")

    assert ended.code == 2
    assert f"The data folder {tmp_path / 'file'} cannot be used" in ended.err


def test_ctrl_c_stops_a_platform_in_order(folder: Path) -> None:
    platform = start(folder)

    assert platform.end(signal.SIGINT) == 0
    assert "stopping: what is under way is finished first" in platform.said
    assert not (folder / "customer.db-wal").exists()


def test_wrong_settings_are_told_before_anything_is_done(tmp_path: Path) -> None:
    ended = shikanji("up", folder=tmp_path / "data", mode="live", prot="8000")

    assert ended.code == 2
    assert "SHIKANJI_MODE: must be one of demo, production" in ended.err
    assert "did you mean SHIKANJI_PORT?" in ended.err
    assert not (tmp_path / "data").exists()


def test_the_documents_are_printed_as_json(tmp_path: Path) -> None:
    assert json.loads(shikanji("openapi", folder=tmp_path).out)["openapi"].startswith("3.1")
    assert json.loads(shikanji("asyncapi", folder=tmp_path).out)["asyncapi"].startswith("3.")


def test_help_names_every_command(tmp_path: Path) -> None:
    told = shikanji("--help", folder=tmp_path).out
    events = shikanji("events", "--help", folder=tmp_path).out

    for command in ("up", "migrate", "seed", "audit", "events", "openapi", "asyncapi", "user"):
        assert re.search(rf"^│ {command} ", told, re.MULTILINE), command
    for command in ("tail", "dead", "show", "retry", "discard", "replay"):
        assert re.search(rf"^│ {command} ", events, re.MULTILINE), command
