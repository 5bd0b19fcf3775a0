"""Sends what is due: asks whom it goes to, makes the words, and hands them to a provider, a batch at a time. Nothing of
what was asked for is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from shikanji.contracts.customer import AskChallenge, AskContacts, Contacts, OpenChallenge
from shikanji.contracts.notification import MessageChannel
from shikanji.contracts.store import AskStores, StoreBrief
from shikanji.kit import codes
from shikanji.kit.backoff import delay
from shikanji.kit.clock import SECOND
from shikanji.kit.errors import Problem, Unavailable
from shikanji.kit.failpoints import failpoint
from shikanji.kit.messages import NoChannel
from shikanji.kit.service import Room
from shikanji.kit.telemetry.logs import logger
from shikanji.services.notification import channels, wording
from shikanji.services.notification.actions import sending
from shikanji.services.notification.channels.devices import post_to_all
from shikanji.services.notification.channels.port import Letter
from shikanji.services.notification.errors import OutcomeUnknown, Refused, TryLater
from shikanji.services.notification.model.kinds import KINDS
from shikanji.services.notification.model.masks import masked
from shikanji.services.notification.model.messages import REASON_CHARACTERS_MAX, Delivery, Outcome
from shikanji.services.notification.model.quiet import QuietHours
from shikanji.services.notification.model.words import Facts
from shikanji.services.notification.repository.choices import Device, newest_words
from shikanji.services.notification.settings import NotificationSettings
from shikanji.services.notification.wording import Rendered
from shikanji.services.notification.wording.facts import facts_of

AT_A_TIME_MAX = 20
"""Requests to providers: so many batches of the longest answers end before their lease."""
ORDER_ATTEMPTS_MAX = 6
"""So often a message waits for what it says of an order; then it goes without."""

_log = logger("notification")


class Skipped(Exception):
    """It is not to be sent, for this reason."""


class NotYet(Exception):
    """It waits until `at` (µs)."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class _Address(msgspec.Struct, frozen=True, kw_only=True):
    to: str
    shown: str
    """Masked."""
    consent_at: int | None


async def deliver(room: Room, channel: MessageChannel) -> None:
    """Everything that is due on one way, up to a batch; plans the next one by itself."""
    batch = await room.db.write_patiently(sending.begin, channel)
    if not batch.deliveries:
        return
    failpoint("notification.deliver.before_provider")
    outcomes = await _Round(room, channel, batch).outcomes()
    failpoint("notification.deliver.after_provider")
    more = len(batch.deliveries) == sending.AT_ONCE_MAX
    await room.db.write_patiently(sending.end, outcomes, channel, more)


async def send_code(room: Room, challenge_id: str) -> bool:
    """Sends it before it returns: nothing of the code is kept. False: nobody is to have it. Raises Unavailable."""
    challenge = (await room.calls.ask(AskChallenge(challenge_id=challenge_id))).challenge
    if challenge is None:
        await room.db.write(sending.drop_code, challenge_id, ("email", "sms"))
        return False
    kind, channel = f"code-{challenge.purpose}", _channel_of(challenge)
    delivery = await room.db.write(sending.begin_code, challenge_id, kind, channel)
    if delivery is None:
        return True
    failpoint("notification.code.before_provider")
    outcome = await _attempt(room, delivery, lambda: _post_code(room, delivery, challenge, channel))
    failpoint("notification.code.after_provider")
    await room.db.write(sending.end_code, delivery, outcome)
    if outcome.state == "waiting":
        raise Unavailable(f"the code was not sent: {outcome.error}")
    if outcome.state != "sent":
        _log.error("a code was not sent", kind=kind, channel=channel, error=outcome.error)
    return outcome.state == "sent"


def _channel_of(challenge: OpenChallenge) -> MessageChannel:
    return "email" if challenge.channel == "email" else "sms"


async def _post_code(room: Room, delivery: Delivery, challenge: OpenChallenge, channel: MessageChannel) -> Outcome:
    code = codes.code(room.secrets.derive(codes.PURPOSE), delivery.notification_id)
    facts = Facts(code=code, minutes=str(challenge.minutes))
    words = wording.chosen(await room.db.read(newest_words))(challenge.language, delivery.kind)
    rendered = wording.render(words, facts)
    at = channels.mail(room) if channel == "email" else channels.sms(room)
    text = _registered(room, delivery.kind, words.sms, rendered) if channel == "sms" else rendered.text
    letter = Letter(key=delivery.id, kind=delivery.kind, to=challenge.recipient, title=rendered.title, text=text)
    provider_id = await at.post(letter)
    return Outcome(state="sent", recipient=masked(challenge.recipient), provider=at.name, provider_id=provider_id)


async def _attempt(room: Room, delivery: Delivery, send: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """What came of it, whatever came of it: what one message cannot do must not hold up the others of its batch."""
    try:
        return await send()
    except Exception as error:
        return _ended_by(room, delivery, error)


def _ended_by(room: Room, delivery: Delivery, error: Exception) -> Outcome:
    match error:
        case Skipped():
            return Outcome(state="skipped", error=str(error))
        case NoChannel():
            return Outcome(state="skipped", error="no provider for this way is configured")
        case NotYet(at=at):
            return Outcome(state="waiting", due_at=at)
        case Refused():
            return Outcome(state="failed", error=str(error)[:REASON_CHARACTERS_MAX])
        case OutcomeUnknown():
            return _again(room, delivery, str(error), unknown=True)
        case TryLater(seconds=seconds):
            return _again(room, delivery, str(error), seconds=seconds)
        case _:
            _log.error("a message could not be made", kind=delivery.kind, channel=delivery.channel, error=repr(error))
            return _again(room, delivery, f"{type(error).__name__} while it was made")


def _again(
    room: Room, delivery: Delivery, reason: str, *, seconds: int | None = None, unknown: bool = False
) -> Outcome:
    settings = room.settings(NotificationSettings)
    if delivery.attempts >= settings.attempts_max:
        return Outcome(state="failed", unknown=unknown, error=f"given up: {reason}"[:REASON_CHARACTERS_MAX])
    # Ids end in chance: what failed together does not come again together.
    wait = max(delay(delivery.attempts, lambda: int(delivery.id[-4:], 16) / 0x10000), (seconds or 0) * SECOND)
    return Outcome(
        state="waiting", due_at=room.clock.now() + wait, unknown=unknown, error=reason[:REASON_CHARACTERS_MAX]
    )


def _registered(room: Room, kind: str, registered: str | None, rendered: Rendered) -> str:
    """The text of an SMS, checked against what operators let through."""
    settings = room.settings(NotificationSettings)
    if registered is None or rendered.sms is None:
        raise Skipped("there are no words for an SMS")
    if settings.dlt_entity_id is not None and kind not in settings.dlt_templates:
        raise Refused(f"no DLT template is registered for {kind}")
    wording.require_registered(registered, rendered.sms)
    return rendered.sms


class _Round:
    """One batch on one way."""

    def __init__(self, room: Room, channel: MessageChannel, batch: sending.Batch) -> None:
        self._room, self._channel, self._batch = room, channel, batch
        self._settings = room.settings(NotificationSettings)
        self._quiet = QuietHours(*self._settings.quiet)
        self._words = wording.chosen(batch.written)
        self._contacts: Mapping[str, Contacts] = {}
        self._stores: Mapping[str, StoreBrief] = {}
        self._mail = channels.mail(room) if channel == "email" else None
        self._sms = channels.sms(room) if channel == "sms" else None
        self._push = channels.push(room) if channel == "push" else {}

    async def outcomes(self) -> dict[str, tuple[int, Outcome]]:
        """By delivery: which attempt, and what came of it."""
        deliveries = self._batch.deliveries
        try:
            await self._ask()
        except Problem as problem:
            return {each.id: (each.attempts, _again(self._room, each, problem.type)) for each in deliveries}
        gate = asyncio.Semaphore(AT_A_TIME_MAX)

        async def send(delivery: Delivery) -> Outcome:
            async with gate:
                return await _attempt(self._room, delivery, lambda: self._send(delivery))

        found = await asyncio.gather(*(send(each) for each in deliveries))
        return {each.id: (each.attempts, outcome) for each, outcome in zip(deliveries, found, strict=True)}

    async def _ask(self) -> None:
        people = sorted({each.customer_id for each in self._batch.deliveries})
        stores = sorted({each.store_id for each in self._batch.deliveries if each.store_id is not None})
        contacts = (await self._room.calls.ask(AskContacts(account_ids=people))).contacts
        self._contacts = {each.account_id: each for each in contacts}
        if stores:
            found = (await self._room.calls.ask(AskStores(store_ids=stores))).stores
            self._stores = {each.store_id: each for each in found}

    async def _send(self, delivery: Delivery) -> Outcome:
        kind, contact = KINDS[delivery.kind], self._contacts.get(delivery.customer_id)
        if contact is None:
            raise Skipped("there is no such account any more")
        if (delivery.customer_id, delivery.channel, kind.topic) in self._batch.declined:
            raise Skipped("declined")
        if kind.needs_consent and contact.marketing_since is None:
            raise Skipped("no consent")
        consent_at = contact.marketing_since if kind.needs_consent else None
        if kind.waits_for_morning(delivery.channel):
            self._wait_for_morning(delivery)
        if self._channel == "in-app":
            return Outcome(state="sent", provider="inbox", consent_at=consent_at)
        facts = self._facts(delivery, contact)
        if self._channel == "push":
            return await self._send_to_devices(delivery, contact, facts, consent_at)
        return await self._send_to(delivery, contact, facts, consent_at)

    def _wait_for_morning(self, delivery: Delivery) -> None:
        store = self._stores.get(delivery.store_id or "")
        now = self._room.clock.now()
        over_at = self._quiet.over_at(now, self._settings.zone if store is None else _zone(store, self._settings.zone))
        if over_at > now:
            raise NotYet(over_at)

    def _facts(self, delivery: Delivery, contact: Contacts, *, bill: bool = False) -> Facts:
        about = self._batch.notifications.get(delivery.notification_id)
        if about is None:
            raise Skipped("it is so old that it was forgotten")
        order = self._batch.orders.get(about.order_id or "")
        if about.order_id is not None and order is None and delivery.attempts < ORDER_ATTEMPTS_MAX:
            raise TryLater("the order is not known yet")
        store = self._stores.get(about.store_id or "")
        return facts_of(about, order, store, contact.name, contact.language, bill=bill)

    async def _send_to(self, delivery: Delivery, contact: Contacts, facts: Facts, consent_at: int | None) -> Outcome:
        to = _mail_address(delivery, contact) if self._channel == "email" else _phone(delivery, contact)
        words = self._words(contact.language, delivery.kind)
        rendered = wording.render(words, facts)
        at = self._mail or self._sms
        assert at is not None
        text = rendered.text if self._sms is None else _registered(self._room, delivery.kind, words.sms, rendered)
        letter = Letter(
            key=delivery.id,
            kind=delivery.kind,
            to=to,
            title=rendered.title,
            text=text,
            html=lambda: wording.render_html(rendered, self._facts(delivery, contact, bill=True), contact.language),
        )
        provider_id = await at.post(letter)
        return Outcome(
            state="sent", recipient=masked(to), provider=at.name, provider_id=provider_id, consent_at=consent_at
        )

    async def _send_to_devices(
        self, delivery: Delivery, contact: Contacts, facts: Facts, consent_at: int | None
    ) -> Outcome:
        """To each of them at once. One that took it is enough: another attempt would reach that one twice."""
        rendered = wording.render(self._words(contact.language, delivery.kind), facts)
        devices = self._batch.devices.get(delivery.customer_id, [])
        ways = [self._push[device.provider] for device in devices]
        posted = await post_to_all(ways, [_letter(delivery, device, rendered) for device in devices])
        if posted.failed is not None and not posted.taken:
            return msgspec.structs.replace(_ended_by(self._room, delivery, posted.failed), gone=posted.gone)
        if not posted.taken:
            return Outcome(state="skipped", error="no device", gone=posted.gone)
        return Outcome(
            state="sent",
            recipient=f"{posted.taken} devices",
            provider=posted.provider,
            provider_id=posted.provider_id,
            consent_at=consent_at,
            gone=posted.gone,
        )


def _letter(delivery: Delivery, device: Device, rendered: Rendered) -> Letter:
    return Letter(
        key=delivery.id,
        kind=delivery.kind,
        to=device.address,
        title=rendered.title,
        text=rendered.text,
        p256dh=device.p256dh,
        auth=device.auth,
        urgent=KINDS[delivery.kind].urgent,
    )


def _mail_address(delivery: Delivery, contact: Contacts) -> str:
    """Advertising goes to proved addresses only; what concerns one's own order goes to the one that was given."""
    kind = KINDS[delivery.kind]
    if contact.email is None:
        raise Skipped("no mail address")
    if kind.needs_consent and not contact.email_verified:
        raise Skipped("the mail address is not verified")
    _require_chosen(delivery, contact)
    return contact.email


def _phone(delivery: Delivery, contact: Contacts) -> str:
    if contact.phone is None:
        raise Skipped("no phone number")
    if not contact.phone_verified:
        raise Skipped("the phone number is not verified")
    _require_chosen(delivery, contact)
    return contact.phone


def _require_chosen(delivery: Delivery, contact: Contacts) -> None:
    if KINDS[delivery.kind].topic != "account" and delivery.channel not in contact.channels:
        raise Skipped("this way is not among those that were chosen")


def _zone(store: StoreBrief, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(store.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return otherwise
