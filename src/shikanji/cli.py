"""The command line: `shikanji up` runs the platform, the others look at it or tell it to do something."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import App, Parameter

from shikanji import terminal
from shikanji.cli_engines import app as engines_app

if TYPE_CHECKING:
    from shikanji.configuration import Configuration, PlatformSettings

app = App(name="shikanji", help="The ordering platform of a drinks and food chain.")
events_app = App(name="events", help="What travels between the services, and what could not be handled.")
analytics_app = App(name="analytics", help="The figures that reports show.")
app.command(events_app)
app.command(analytics_app)
app.command(engines_app)

Flag = Annotated[bool, Parameter(negative="")]

FOLLOW_SECONDS, FOLLOW_LINES = 1.0, 1_000
INTERRUPTED = 130
"""The exit code of whatever ends by Ctrl-C, as shells have it."""


def main() -> None:
    """The entry point. What a user can mend is said in plain words on stderr, with exit code 2."""
    from shikanji.kit.errors import OperatorError

    # What is made from here on (databases, messages, the secret) is for nobody else on this machine.
    os.umask(0o077)
    try:
        app()
    except OperatorError as told:
        _fail(str(told))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        terminal.close_broken_pipe()
    except OSError as error:
        _fail(f"{error.filename or 'The operating system'}: {error.strerror or error}")


def _fail(message: str) -> NoReturn:
    terminal.complain(message)
    sys.exit(2)


@app.command
def up(
    *,
    port: int | None = None,
    host: str | None = None,
    scaled: Flag = False,
    copies: tuple[str, ...] = (),
) -> None:
    """Run the gateway and all services in this process, on the data folder.

    Parameters
    ----------
    port: where to listen; 0 chooses a free one (SHIKANJI_PORT)
    host: the address to listen at (SHIKANJI_HOST)
    scaled: run them as several processes instead, on the engines that the settings name or `engines up` has started
    copies: with --scaled, how many of a service or of the gateway: order=2
    """
    over = _given(SHIKANJI_PORT=port, SHIKANJI_HOST=host)
    if scaled:
        _up_scaled(over, copies)
    elif copies:
        from shikanji.kit.errors import OperatorError

        raise OperatorError("--copies goes with --scaled: one process has one of each")
    else:
        _up_in_one(_configuration(over))


def _up_in_one(configuration: "Configuration") -> None:
    import uvloop

    from shikanji import running
    from shikanji.shape import SCALED_LOCK, refuse_beside

    refuse_beside(configuration.platform.folder, SCALED_LOCK)
    uvloop.run(running.up(configuration))


def _up_scaled(over: Mapping[str, str], copies: tuple[str, ...]) -> None:
    from shikanji import scaled
    from shikanji.kit.folder import LOCK
    from shikanji.shape import refuse_beside, with_engines

    environment = {**os.environ, **over}
    folder = _configuration(over).platform.folder
    refuse_beside(folder, LOCK)
    scaled.up(with_engines(environment, folder), _counts(copies))


@app.command
def serve(
    *names: str,
    port: int | None = None,
    host: str | None = None,
    internal_port: int | None = None,
) -> None:
    """Run some services, the gateway, or both, as one process among several.

    Parameters
    ----------
    names: of services (order payment), or gateway, or both
    port: where the gateway listens or, without it, the services (SHIKANJI_PORT)
    host: the address to listen at (SHIKANJI_HOST)
    internal_port: where services beside a gateway listen for the other processes (SHIKANJI_INTERNAL_PORT)
    """
    import uvloop

    from shikanji import running
    from shikanji.house import UnknownService

    if not names:
        raise UnknownService("Say what to serve: `shikanji serve order payment`, or `shikanji serve gateway`.")
    over = _given(SHIKANJI_PORT=port, SHIKANJI_HOST=host, SHIKANJI_INTERNAL_PORT=internal_port)
    uvloop.run(running.serve(_configuration(over), names))


def _given(**options: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in options.items() if value is not None}


def _counts(copies: tuple[str, ...]) -> dict[str, int]:
    """`order=2,store=3` or given twice → how many of each."""
    from shikanji.kit.errors import OperatorError

    counts: dict[str, int] = {}
    for part in ",".join(copies).split(",") if copies else ():
        name, _, count = part.partition("=")
        if not count.isdecimal():
            raise OperatorError(f"--copies takes a name and a number, order=2, and not {part!r}")
        counts[name] = int(count)
    return counts


@app.command
def migrate() -> None:
    """Bring every service's database to the newest schema. `up` does so by itself."""
    from shikanji.kit.folder import FolderLock
    from shikanji.main import migrate_all

    configuration = _of_the_folder()
    lock = FolderLock(configuration.platform.folder)
    if configuration.platform.embedded:
        lock.acquire("migrating")
    try:
        asyncio.run(migrate_all(configuration, terminal.show))
    finally:
        lock.release()


@app.command
def seed() -> None:
    """Load the demo data on an empty platform. `up` does so by itself; production refuses it."""
    terminal.show(_command("seed", {}))


@app.command
def audit(
    *,
    settle: Flag = False,
    repair: Flag = False,
    forget: Flag = False,
    new: Flag = False,
    json: Flag = False,
) -> None:
    """Prove that every paisa, every piece of stock and every event is accounted for.

    Exit code 0: clean; 1: violations; 2: could not read.

    Parameters
    ----------
    settle: first let the running platform finish what is waiting, then check all of it, however young
    repair: have events that a subscriber lacks published again
    forget: if all is clean, have published events forgotten that are more than 30 days old
    new: only what is new since the last audit that was clean, or under way; in seconds, however long the history is
    json: print the report as JSON
    """
    from shikanji.audit.command import run

    found = _settings_of_the_folder()
    sys.exit(run(found, _of_the_folder, settle=settle, repair=repair, forget=forget, new=new, as_json=json))


@app.command
def openapi() -> None:
    """Print the OpenAPI document of the whole platform."""
    from shikanji.house import openapi_json, services_of

    settings = _configuration().platform
    sys.stdout.write(openapi_json(services_of(settings), settings.public_url or "/").decode() + "\n")


@app.command
def asyncapi() -> None:
    """Print the AsyncAPI document of every event and subscriber."""
    from shikanji.house import asyncapi_json

    sys.stdout.write(asyncapi_json().decode() + "\n")


@app.command
def user(identifier: str, *, name: str, admin: Flag = False) -> None:
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
    terminal.show(f"made account {_command('user', arguments)}")


@analytics_app.command
def rebuild() -> None:
    """Make all figures anew from the events that were kept. Reports fill up meanwhile."""
    told = _command("analytics.rebuild", {"begin": True})
    while told["done"] < told["of"]:
        terminal.say(f"{told['done']:,} of {told['of']:,} events ({100 * told['done'] // told['of']} %)")
        told = _command("analytics.rebuild", {})
    terminal.show(f"the figures are made anew from {told['of']:,} events")


@events_app.command
def tail(
    *, service: str | None = None, lines: int = 20, follow: Annotated[bool, Parameter(alias="-f", negative="")] = False
) -> None:
    """The newest events, oldest first.

    Parameters
    ----------
    service: only those that this service recorded
    lines: how many (1 to 1,000)
    follow: then go on with those that come, until Ctrl-C
    """
    from shikanji.kit.folder import CommandFailed, is_owned

    shown = terminal.EventLines()
    asked: dict[str, Any] = {"service": service, "lines": lines}
    while True:
        told = _command("events.tail", asked)
        shown.show(told["events"])
        if not follow:
            return
        settings = _of_the_folder().platform
        if settings.embedded and not is_owned(settings.folder):
            raise CommandFailed("No platform is running on this data folder: nothing more will come.")
        asked = {"service": service, "lines": FOLLOW_LINES, "after": told["after"]}
        time.sleep(FOLLOW_SECONDS)


@events_app.command
def dead(*, service: str | None = None) -> None:
    """Events that were given up after ten tries, and the aggregates that wait."""
    terminal.show(_command("events.dead", {"service": service}))


@events_app.command
def show(event_id: str) -> None:
    """One event: what it says and what became of it in every inbox."""
    terminal.show(_command("events.show", {"eventId": event_id}))


@events_app.command
def retry(service: str, event_id: str) -> None:
    """Have a service handle a dead event again."""
    terminal.show(_command("events.retry", {"service": service, "eventId": event_id}))


@events_app.command
def discard(service: str, event_id: str, *, reason: str) -> None:
    """Give a dead event up for good, saying why."""
    terminal.show(_command("events.discard", {"service": service, "eventId": event_id, "reason": reason}))


@events_app.command
def replay(service: str, *, since: str | None = None) -> None:
    """Publish again what a service has recorded: inboxes drop what they have.

    Parameters
    ----------
    service: whose events
    since: from this time on (RFC 3339); all without it
    """
    terminal.show(_command("events.replay", {"service": service, "since": since}))


def _command(name: str, arguments: dict[str, Any]) -> Any:
    """Has the running platform do it, or does it on its databases."""
    from shikanji import commands

    return asyncio.run(commands.run(_of_the_folder(), name, arguments))


def _settings_of_the_folder() -> "PlatformSettings":
    """The platform's own settings alone, for what needs no service: importing them all takes longer than it may."""
    from shikanji.configuration import platform_settings
    from shikanji.shape import was_scaled

    settings = platform_settings(os.environ)
    if settings.database_url is None and was_scaled(settings.folder):
        return _of_the_folder().platform
    return settings


def _of_the_folder() -> "Configuration":
    """The settings of the platform that was started last on the data folder: its engines need not be named again."""
    from shikanji.kit.folder import CommandFailed
    from shikanji.shape import was_scaled, with_engines

    configuration = _configuration()
    folder = configuration.platform.folder
    if configuration.platform.database_url is not None or not was_scaled(folder):
        return configuration
    found = with_engines(os.environ, folder)
    if "SHIKANJI_DATABASE_URL" not in found:
        raise CommandFailed(
            f"The platform in {folder.absolute()} ran as several processes, and its engines stand still: "
            "start them with `shikanji engines up`."
        )
    return _configuration(found)


def _configuration(over: Mapping[str, str] | None = None) -> "Configuration":
    from shikanji.configuration import Configuration
    from shikanji.house import settings_kinds

    return Configuration({**os.environ, **(over or {})}, settings_kinds())


if __name__ == "__main__":
    main()
