"""What the command line can have the platform do: by the running one over its socket, else on its databases."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from shikanji import seed as demo
from shikanji.configuration import Configuration
from shikanji.kit.clock import from_rfc3339, to_rfc3339
from shikanji.kit.db import letters, relay, retention
from shikanji.kit.db.letters import Letter
from shikanji.kit.db.tables import kit_tables
from shikanji.kit.db.tx import Tx
from shikanji.kit.db.urls import sqlite_path
from shikanji.kit.errors import Problem
from shikanji.kit.folder import CommandFailed, ControlServer, command_running
from shikanji.main import Beside, Platform
from shikanji.process import Process
from shikanji.services.analytics.actions import rebuilding
from shikanji.services.customer import actions, identity, passwords

S = TypeVar("S", bound=msgspec.Struct)

LINES_MAX = 1_000
SETTLE_SECONDS_MAX = 60
REBUILD_SECONDS = 2.0
"""After so long a command tells how far it is."""
_OUTBOX = kit_tables(sa.MetaData()).outbox


@asynccontextmanager
async def served(process: Process) -> AsyncIterator[None]:
    """Answers commands on the data folder's socket."""

    def bound(command: Command) -> Callable[[dict[str, Any]], Awaitable[Any]]:
        async def run(arguments: dict[str, Any]) -> Any:
            return await command(process, arguments)

        return run

    server = ControlServer(process.settings.folder, {name: bound(command) for name, command in COMMANDS.items()})
    await server.start()
    try:
        yield
    finally:
        await server.stop()


async def run(configuration: Configuration, name: str, arguments: dict[str, Any]) -> Any:
    """Raises CommandFailed with what went wrong."""
    try:
        return await command_running(configuration.platform.folder, name, arguments)
    except ConnectionError:
        return await _run_here(configuration, name, arguments)


async def _run_here(configuration: Configuration, name: str, arguments: dict[str, Any]) -> Any:
    process = Platform(configuration, driven=True) if configuration.platform.embedded else Beside(configuration)
    may_begin = name in _MAY_BEGIN
    try:
        if isinstance(process, Beside):
            await process.start(migrates=may_begin)
        else:
            await _start_on_files(process, may_begin=may_begin)
        return await COMMANDS[name](process, arguments)
    except Problem as problem:
        raise CommandFailed(problem.detail) from problem
    finally:
        await process.stop()


async def _start_on_files(platform: Platform, *, may_begin: bool) -> None:
    if not may_begin:
        _require_platform(platform.configuration)
    await platform.start(serve=False)


def _require_platform(configuration: Configuration) -> None:
    """A mistyped folder must not become a new, empty platform that answers "none" to everything."""
    settings = configuration.platform
    file = sqlite_path(settings.database_template, "customer")
    if file is not None and not file.exists():
        raise CommandFailed(
            f"There is no platform in {settings.folder.absolute()}: SHIKANJI_DATA_DIR names its data folder."
        )


class Tail(msgspec.Struct, frozen=True):
    service: str | None = None
    lines: int = 20
    after: dict[str, int] | None = None
    """Service → the place in its outbox up to which all has been told; None: the newest, whatever was told."""


class OfService(msgspec.Struct, frozen=True):
    service: str | None = None


class OneEvent(msgspec.Struct, frozen=True, rename="camel"):
    event_id: str


class EventInService(msgspec.Struct, frozen=True, rename="camel"):
    service: str
    event_id: str
    reason: str = ""


class Replay(msgspec.Struct, frozen=True):
    service: str
    since: str | None = None


class NewUser(msgspec.Struct, frozen=True):
    identifier: str
    name: str
    password: str
    admin: bool = False


class RebuildAnalytics(msgspec.Struct, frozen=True):
    begin: bool = False
    """Else it goes on with what was begun."""


class Repair(msgspec.Struct, frozen=True, rename="camel"):
    lacking: dict[str, list[str]]
    """Service → ids of its events that a subscriber lacks."""


class Forget(msgspec.Struct, frozen=True):
    matched: int
    """Up to when (µs) every outbox was found to be in every inbox that wants it."""


async def seed(process: Process, _: dict[str, Any]) -> list[dict[str, str]]:
    """The demo accounts."""
    if obstacle := await demo.obstacle(process.rooms):
        raise CommandFailed(f"Nothing was changed: {obstacle}.")
    return [{"account": email, "who": who} for email, who in await demo.seed(process.rooms)]


async def settle(process: Process, _: dict[str, Any]) -> str:
    try:
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            await process.settle()
    except TimeoutError:
        raise CommandFailed(f"there was still work after {SETTLE_SECONDS_MAX} s; audit without --settle") from None
    return "settled"


async def tail(process: Process, arguments: dict[str, Any]) -> dict[str, Any]:
    """The events, and `after`: what to ask with for those that come next."""
    asked = _read(arguments, Tail)
    if not 1 <= asked.lines <= LINES_MAX:
        raise CommandFailed(f"lines must be 1 to {LINES_MAX}")
    found: list[Recorded] = []
    for name in _services(process, asked.service):
        found += await process.rooms[name].db.read(_recorded_after, name, (asked.after or {}).get(name), asked.lines)
    shown = sorted(found, key=lambda one: (one.occurred_at, one.service, one.seq))
    if asked.after is None:
        shown = shown[-asked.lines :]
    after = dict(asked.after or {})
    for one in found:
        after[one.service] = max(one.seq, after.get(one.service, 0))
    return {"events": [one.shown() for one in shown], "after": after}


async def dead(process: Process, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name in _services(process, _read(arguments, OfService).service):
        for state in ("dead", "waiting"):
            waiting = await process.rooms[name].db.read(letters.letters, state)
            found += [_shown(name, letter) for letter in waiting]
    return found


async def show(process: Process, arguments: dict[str, Any]) -> dict[str, Any]:
    event_id = _read(arguments, OneEvent).event_id
    shown: dict[str, Any] = {}
    for name, room in process.rooms.items():
        if event := await room.db.read(_recorded, event_id):
            shown |= {"recordedBy": name, **event}
        if letter := await room.db.read(_letter, event_id):
            shown.setdefault("inboxes", []).append(_shown(name, letter))
    if not shown:
        raise CommandFailed(f"no service knows an event {event_id}")
    return shown


async def retry(process: Process, arguments: dict[str, Any]) -> str:
    asked = _read(arguments, EventInService)
    await _db(process, asked.service).write(letters.retry, asked.event_id)
    await process.workers[asked.service].inbox.retry()
    return f"{asked.service} tries {asked.event_id} again"


async def discard(process: Process, arguments: dict[str, Any]) -> str:
    asked = _read(arguments, EventInService)
    if not asked.reason:
        raise CommandFailed("say why: --reason")
    await _db(process, asked.service).write(letters.discard, asked.event_id, asked.reason)
    return f"{asked.event_id} is discarded in {asked.service}: {asked.reason}"


async def replay(process: Process, arguments: dict[str, Any]) -> str:
    asked = _read(arguments, Replay)
    _db(process, asked.service)
    try:
        since = from_rfc3339(asked.since) if asked.since else 0
    except ValueError:
        raise CommandFailed("--since takes a time like 2026-11-22T06:30:00Z") from None
    count = await process.workers[asked.service].relay.replay(since=since)
    return f"{count} events of {asked.service} were published again"


async def repair(process: Process, arguments: dict[str, Any]) -> int:
    lacking = _read(arguments, Repair).lacking
    return sum([await _db(process, name).write(relay.publish_again, ids) for name, ids in lacking.items()])


async def forget(process: Process, arguments: dict[str, Any]) -> int:
    matched = _read(arguments, Forget).matched
    count = 0
    for room in process.rooms.values():
        for forget_some in (retention.forget_published, retention.forget_received):
            while some := await room.db.write(forget_some, matched):
                count += some
    return count


async def rebuild_analytics(process: Process, arguments: dict[str, Any]) -> dict[str, int]:
    """Some of it: how many events of how many are in the figures again."""
    db = process.rooms["analytics"].db
    if _read(arguments, RebuildAnalytics).begin:
        await db.write(rebuilding.begin)
    until = time.monotonic() + REBUILD_SECONDS
    while (reached := await db.write(rebuilding.go_on)).reached is not None and time.monotonic() < until:
        pass
    return {
        "done": reached.last if reached.reached is None else min(reached.reached, reached.last - 1),
        "of": reached.last,
    }


async def user(process: Process, arguments: dict[str, Any]) -> str:
    """The id of the new account."""
    asked = _read(arguments, NewUser)
    room = process.rooms["customer"]
    identifier = identity.parse_identifier(asked.identifier)
    if not passwords.LENGTH_MIN <= len(asked.password) <= passwords.LENGTH_MAX:
        raise CommandFailed(f"password: must have {passwords.LENGTH_MIN} to {passwords.LENGTH_MAX} characters")
    passwords.check_strength(asked.password, asked.name, identifier.value)
    customer = await room.db.write(
        actions.create_account,
        name=identity.clean_text(asked.name, "name"),
        email=identifier if identifier.channel == "email" else None,
        phone=identifier if identifier.channel == "phone" else None,
        password_hash=await room.compute.run(passwords.hash_password, asked.password),
        verified=True,
        admin=asked.admin,
    )
    return customer.id


Command = Callable[[Process, dict[str, Any]], Awaitable[Any]]
COMMANDS: dict[str, Command] = {
    "seed": seed,
    "settle": settle,
    "events.tail": tail,
    "events.dead": dead,
    "events.show": show,
    "events.retry": retry,
    "events.discard": discard,
    "events.replay": replay,
    "repair": repair,
    "forget": forget,
    "user": user,
    "analytics.rebuild": rebuild_analytics,
}
_MAY_BEGIN = {"seed", "user"}
"""What may be done before the first start."""


def _read(arguments: dict[str, Any], kind: type[S]) -> S:
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as wrong:
        raise CommandFailed(str(wrong)) from None


def _services(process: Process, service: str | None) -> list[str]:
    if service is None:
        return list(process.rooms)
    _db(process, service)
    return [service]


def _db(process: Process, service: str) -> Any:
    if service not in process.rooms:
        raise CommandFailed(f"there is no service {service}; there are {', '.join(process.rooms)}")
    return process.rooms[service].db


_SHOWN = (_OUTBOX.c.seq, _OUTBOX.c.occurred_at, _OUTBOX.c.event_id, _OUTBOX.c.type, _OUTBOX.c.aggregate_id)
_NEWEST = sa.select(*_SHOWN).order_by(_OUTBOX.c.seq.desc()).limit(sa.bindparam("lines"))
_NEXT = (
    sa.select(*_SHOWN).where(_OUTBOX.c.seq > sa.bindparam("after")).order_by(_OUTBOX.c.seq).limit(sa.bindparam("lines"))
)
_RECORDED = sa.select(*_SHOWN, _OUTBOX.c.data, _OUTBOX.c.published_at).where(
    _OUTBOX.c.event_id == sa.bindparam("event_id")
)


class Recorded(msgspec.Struct, frozen=True):
    """An event in a service's outbox."""

    service: str
    seq: int
    occurred_at: int
    event_id: str
    type: str
    aggregate_id: str

    def shown(self) -> dict[str, Any]:
        return {
            "at": to_rfc3339(self.occurred_at),
            "service": self.service,
            "type": self.type,
            "event": self.event_id,
            "aggregate": self.aggregate_id,
        }


def _recorded_after(tx: Tx, service: str, after: int | None, lines: int) -> list[Recorded]:
    rows = tx.run(_NEWEST, lines=lines) if after is None else tx.run(_NEXT, after=after, lines=lines)
    return [Recorded(service, *row) for row in rows]


def _recorded(tx: Tx, event_id: str) -> dict[str, Any] | None:
    row = tx.run(_RECORDED, event_id=event_id).first()
    if row is None:
        return None
    _, occurred_at, event, kind, aggregate, data, published_at = row
    return {
        "event": event,
        "type": kind,
        "aggregate": aggregate,
        "at": to_rfc3339(occurred_at),
        "published": published_at is not None,
        "data": msgspec.json.decode(data),
    }


def _letter(tx: Tx, event_id: str) -> Letter | None:
    try:
        return letters.letter(tx, event_id)
    except letters.NoSuchLetter:
        return None


def _shown(service: str, letter: Letter) -> dict[str, Any]:
    return {
        "service": service,
        "event": letter.event_id,
        "type": letter.type,
        "aggregate": letter.aggregate_id,
        "state": letter.state,
        "attempts": letter.attempts,
        "failedFirst": _at(letter.first_failed_at),
        "failedLast": _at(letter.last_failed_at),
        "nextTry": _at(letter.next_at),
        "error": letter.error or "",
    }


def _at(moment: int | None) -> str:
    return to_rfc3339(moment) if moment is not None else ""
