"""What all services of one process are given: ways to each other and outside, keys, what is known of sessions."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from shikanji import revocation_feed
from shikanji.configuration import PlatformSettings
from shikanji.kit import calls_credential
from shikanji.kit.auth_revocations import Revocations
from shikanji.kit.auth_tokens import TokenVerifier
from shikanji.kit.bus import Bus
from shikanji.kit.bus.opening import open_bus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.cache import Cache
from shikanji.kit.cache.opening import open_cache
from shikanji.kit.calls import Calls
from shikanji.kit.calls_http import HttpCalls, calls_session
from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.files import Files
from shikanji.kit.files.opening import open_files
from shikanji.kit.ids import Ids
from shikanji.kit.messages import Messages, NoMessages
from shikanji.kit.messages.outbox import OutboxMessages
from shikanji.kit.messages.smtp import SmtpMessages
from shikanji.kit.secrets import DerivedSecrets, read_or_make_secret
from shikanji.world import World

NAME_PURPOSE = "platform-name"
"""What the platform's name on shared engines is derived from its secret for: others there have another."""


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """`local_calls` gets the rooms of this process; what they ask through is `calls`."""

    ids: Ids
    bus: Bus
    cache: Cache
    files: Files
    messages: Messages
    secrets: DerivedSecrets
    http: aiohttp.ClientSession
    local_calls: LocalCalls
    calls: Calls
    revocations: Revocations
    verifier: TokenVerifier

    @property
    def impaired(self) -> Mapping[str, Callable[[], str]]:
        """What events and limits do without for a while, and customers do not see."""
        return {"bus": lambda: self.bus.trouble, "cache": lambda: self.cache.away}

    async def follow_revocations(self, stack: AsyncExitStack) -> None:
        """From now on this process hears of ended sessions, and asks for those that it has not heard of."""
        await revocation_feed.follow(self.revocations, self.cache, self.bus)
        task = asyncio.create_task(self.revocations.keep_filled())
        stack.callback(task.cancel)


async def equip(
    settings: PlatformSettings, bus_settings: BusSettings, world: World, stack: AsyncExitStack
) -> Equipment:
    """What has to be closed again is left to `stack`. The bus is not started yet: first come its subscribers."""
    secrets = DerivedSecrets(_secret(settings))
    cache = world.cache or open_cache(settings.cache_url, platform=secrets.derive(NAME_PURPOSE).hex()[:16])
    await cache.start()
    stack.push_async_callback(cache.close)
    bus = world.bus or open_bus(settings.bus_url, bus_settings)
    local_calls = LocalCalls(elsewhere=_calls_elsewhere(settings, world, secrets, stack))
    calls = world.around_calls(local_calls)
    revocations = Revocations(world.clock, **revocation_feed.questions(calls))
    http = world.open_http()
    stack.push_async_callback(http.close)
    return Equipment(
        ids=Ids(world.clock, world.random_bytes),
        bus=bus,
        cache=cache,
        files=open_files(settings.files_place, settings.s3),
        messages=_messages(settings),
        secrets=secrets,
        http=http,
        local_calls=local_calls,
        calls=calls,
        revocations=revocations,
        verifier=TokenVerifier(revocation_feed.keys(calls), revocations, world.clock),
    )


def _calls_elsewhere(
    settings: PlatformSettings, world: World, secrets: DerivedSecrets, stack: AsyncExitStack
) -> Calls | None:
    addresses = settings.addresses
    if not addresses:
        return None
    session = calls_session()
    stack.push_async_callback(session.close)
    key = secrets.derive(calls_credential.PURPOSE)
    return HttpCalls(session, lambda service: addresses.get(service, ()), key, world.clock)


def _secret(settings: PlatformSettings) -> bytes:
    if settings.secret is not None:
        return settings.secret.encode()
    return read_or_make_secret(settings.folder / "secret")


def _messages(settings: PlatformSettings) -> Messages:
    if settings.smtp_url is not None:
        return SmtpMessages(settings.smtp_url, settings.mail_from)
    if settings.production:
        return NoMessages(settings.mail_from)
    return OutboxMessages(settings.folder / "outbox.jsonl", settings.mail_from)
