"""What people choose: which messages they want, on which devices; and which words head office does."""

from collections.abc import Collection

import msgspec

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Conflict
from shikanji.services.notification.errors import CannotDecline, SubscriptionNotFound, TooManyDevices
from shikanji.services.notification.model.kinds import CHANNELS, TOPICS, Topic, may_decline
from shikanji.services.notification.model.words import Language, Words
from shikanji.services.notification.repository import choices
from shikanji.services.notification.repository.choices import Device, WrittenWords


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    channel: MessageChannel
    topic: Topic
    enabled: bool


def preferences(tx: Tx, customer_id: str) -> list[Choice]:
    """Of every way and topic."""
    declined = choices.declined(tx, [customer_id])
    return [
        Choice(channel=channel, topic=topic, enabled=(customer_id, channel, topic) not in declined)
        for channel in CHANNELS
        for topic in TOPICS
    ]


def choose(tx: Tx, customer_id: str, wanted: Collection[Choice]) -> list[Choice]:
    """What is not named stays as it is. Raises CannotDecline."""
    for choice in wanted:
        if not choice.enabled and not may_decline(choice.channel, choice.topic):
            raise CannotDecline(f"{choice.topic} by {choice.channel} cannot be switched off")
        change = choices.accept if choice.enabled else choices.decline
        change(tx, customer_id, choice.channel, choice.topic)
    return preferences(tx, customer_id)


def keep_device(tx: Tx, device: Device, devices_max: int) -> Device:
    """The same address again is the same device. Raises TooManyDevices."""
    there = choices.devices(tx, [device.customer_id])
    if len(there) >= devices_max and device.address not in {each.address for each in there}:
        raise TooManyDevices(f"keep at most {devices_max} devices")
    return msgspec.structs.replace(device, id=choices.keep_device(tx, device))


def forget_device(tx: Tx, customer_id: str, id: str) -> None:
    if not choices.forget_device(tx, customer_id, id):
        raise SubscriptionNotFound


def write_words(tx: Tx, kind: str, language: Language, words: Words, by: str) -> WrittenWords:
    """A new version; the ones before are kept."""
    newest = choices.versions_of(tx, kind, language, 1)
    written = WrittenWords(
        kind=kind,
        language=language,
        version=newest[0].version + 1 if newest else 1,
        title=words.title,
        body=words.body,
        sms=words.sms,
        by=by,
        at=tx.now,
    )
    if not choices.add_words(tx, written):
        raise Conflict("somebody else has just changed these words")
    return written
