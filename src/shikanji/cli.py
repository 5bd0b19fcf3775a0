"""The command line: `shikanji up` runs the platform, the others look at it or tell it to do something."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import App, Parameter
from rich.console import Console

if TYPE_CHECKING:
    from shikanji.configuration import Configuration
    from shikanji.main import Platform

app = App(name="shikanji", help="The ordering platform of a drinks and food chain.")
events_app = App(name="events", help="What travels between the services, and what could not be handled.")
app.command(events_app)

_out = Console()
_progress = Console(stderr=True)


def main() -> None:
    """The entry point. What a user can mend is one plain sentence on stderr and exit code 2."""
    from shikanji.kit.folder import CommandFailed, FolderInUse
    from shikanji.kit.settings import SettingsError

    try:
        app()
    except (SettingsError, FolderInUse, CommandFailed) as told:
        _fail(str(told))
    except OSError as error:
        _fail(f"{error.strerror or error}. Is the address or the folder in use, or not ours?")


def _fail(message: str) -> NoReturn:
    _progress.print(message, style="red", markup=False, highlight=False)
    sys.exit(2)


@app.command
def up(*, port: int | None = None, host: str | None = None) -> None:
    """Run the gateway and all services in this process, on the data folder.

    Parameters
    ----------
    port: where to listen; 0 chooses a free one (SHIKANJI_PORT)
    host: the address to listen at (SHIKANJI_HOST)
    """
    import uvloop

    given = {"SHIKANJI_PORT": port, "SHIKANJI_HOST": host}
    configuration = _configuration({name: str(value) for name, value in given.items() if value is not None})
    uvloop.run(_up(configuration))


async def _up(configuration: "Configuration") -> None:
    from shikanji import commands
    from shikanji.kit.telemetry import logs, traces
    from shikanji.main import TITLE, VERSION, Platform

    settings = configuration.platform
    logs.configure(production=settings.production, level=settings.log_level)
    tracing = None
    if settings.otlp_endpoint is not None:
        tracing = traces.to_collector(settings.otlp_endpoint, service="shikanji", version=VERSION)
        traces.install(tracing)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    platform = Platform(configuration)
    await platform.start()
    try:
        async with commands.served(platform):
            accounts = await _seed(platform)
            platform.is_ready()
            _progress.print(f"{TITLE} {VERSION} is ready on {platform.url}", highlight=False)
            _show_accounts(accounts)
            await stopping.wait()
            _progress.print("stopping: what is under way is finished first")
    finally:
        await platform.stop()
        if tracing is not None:
            tracing.stop()


async def _seed(platform: "Platform") -> list[tuple[str, str]]:
    from shikanji import seed

    if platform.settings.production:
        return []
    return await seed.seed(platform.rooms, tell=lambda step: _progress.print(f"demo data: {step}", highlight=False))


def _show_accounts(accounts: list[tuple[str, str]]) -> None:
    if not accounts:
        return
    from rich.table import Table

    table = Table(title="demo accounts, password shikanji-demo")
    table.add_column("account")
    table.add_column("who")
    for identifier, who in accounts:
        table.add_row(identifier, who)
    _progress.print(table)


@app.command
def migrate() -> None:
    """Bring every service's database to the newest schema. `up` does so by itself."""
    from shikanji.kit.db.opening import migrate as migrate_one
    from shikanji.kit.folder import FolderLock
    from shikanji.main import services_of

    settings = _configuration().platform
    lock = FolderLock(settings.folder)
    lock.acquire("nothing: it is migrating")
    try:
        for service in services_of(settings):
            changed = migrate_one(settings.database_template, service)
            _out.print(f"{service.name}: {'migrated' if changed else 'is at the newest schema'}")
    finally:
        lock.release()


@app.command
def audit(
    *,
    settle: Annotated[bool, Parameter(negative="")] = False,
    repair: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Prove that every paisa, every piece of stock and every event is accounted for.

    Exit code 0: clean; 1: violations; 2: could not read.

    Parameters
    ----------
    settle: first let the running platform finish what is waiting, then check all of it, however young
    repair: have events that a subscriber lacks published again
    json: print the report as JSON
    """
    from shikanji.audit.command import run

    sys.exit(run(_configuration(), settle=settle, repair=repair, as_json=json))


@app.command
def openapi() -> None:
    """Print the OpenAPI document of the whole platform."""
    from shikanji.main import openapi_json, services_of

    settings = _configuration().platform
    sys.stdout.write(openapi_json(services_of(settings), settings.public_url or "/").decode() + "\n")


@app.command
def asyncapi() -> None:
    """Print the AsyncAPI document of every event and subscriber."""
    from shikanji.main import asyncapi_json

    sys.stdout.write(asyncapi_json().decode() + "\n")


@app.command
def user(identifier: str, *, name: str, admin: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Create an account with a verified email or phone: the first one of head office, for example.

    The password is asked for, or read from standard input when that is no terminal.

    Parameters
    ----------
    identifier: the email address or the phone number
    name: the person's name
    admin: head office: may do everything
    """
    import getpass

    secret = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    arguments = {"identifier": identifier, "name": name, "admin": admin, "password": secret}
    _out.print(f"made account {_command('user', arguments)}", highlight=False)


@events_app.command
def tail(*, service: str | None = None, lines: int = 20) -> None:
    """The newest events, oldest first.

    Parameters
    ----------
    service: only those that this service recorded
    lines: how many (1 to 1,000)
    """
    _show(_command("events.tail", {"service": service, "lines": lines}))


@events_app.command
def dead(*, service: str | None = None) -> None:
    """Events that were given up after ten tries, and the aggregates that wait."""
    _show(_command("events.dead", {"service": service}))


@events_app.command
def show(event_id: str) -> None:
    """One event: what it says and what became of it in every inbox."""
    _show(_command("events.show", {"eventId": event_id}))


@events_app.command
def retry(service: str, event_id: str) -> None:
    """Have a service handle a dead event again."""
    _show(_command("events.retry", {"service": service, "eventId": event_id}))


@events_app.command
def discard(service: str, event_id: str, *, reason: str) -> None:
    """Give a dead event up for good, saying why."""
    _show(_command("events.discard", {"service": service, "eventId": event_id, "reason": reason}))


@events_app.command
def replay(service: str, *, since: str | None = None) -> None:
    """Publish again what a service has recorded: inboxes drop what they have.

    Parameters
    ----------
    service: whose events
    since: from this time on (RFC 3339); all without it
    """
    _show(_command("events.replay", {"service": service, "since": since}))


def _command(name: str, arguments: dict[str, Any]) -> Any:
    """Has the running platform do it; when none runs, opens the data folder for the time of the command."""
    from shikanji import commands

    return asyncio.run(commands.run(_configuration(), name, arguments))


def _show(result: Any) -> None:
    """A list of alike things as a table, anything else as JSON."""
    import msgspec
    from rich.table import Table

    if not isinstance(result, list):
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result)).decode() + "\n")
        return
    if not result:
        _out.print("none")
        return
    table = Table(*result[0])
    for row in result:
        table.add_row(*(str(value) for value in row.values()))
    _out.print(table)


def _configuration(over: Mapping[str, str] | None = None) -> "Configuration":
    from shikanji.configuration import Configuration
    from shikanji.main import settings_kinds

    return Configuration({**os.environ, **(over or {})}, settings_kinds())


if __name__ == "__main__":
    main()
