"""What people declined, their devices, and the words that head office wrote."""

from collections.abc import Collection, Sequence

import msgspec
import sqlalchemy as sa

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.model.kinds import Topic
from shikanji.services.notification.model.words import Language, Words
from shikanji.services.notification.tables import notification_preferences, push_subscriptions, template_versions


class Declined(msgspec.Struct, frozen=True):
    customer_id: str
    channel: MessageChannel
    topic: Topic


class Device(msgspec.Struct, frozen=True):
    customer_id: str
    id: str
    provider: str
    address: str
    p256dh: str
    auth: str
    created_at: int


class WrittenWords(msgspec.Struct, frozen=True):
    kind: str
    language: Language
    version: int
    title: str
    body: str
    sms: str | None
    by: str
    at: int

    @property
    def words(self) -> Words:
        return Words(title=self.title, body=self.body, sms=self.sms)


def declined(tx: Tx, customer_ids: Collection[str]) -> set[tuple[str, MessageChannel, Topic]]:
    rows = tx.run(DECLINED, customer_ids=customer_ids).all(Declined)
    return {(each.customer_id, each.channel, each.topic) for each in rows}


def decline(tx: Tx, customer_id: str, channel: MessageChannel, topic: Topic) -> None:
    tx.run(DECLINE, customer_id=customer_id, channel=channel, topic=topic, declined_at=tx.now)


def accept(tx: Tx, customer_id: str, channel: MessageChannel, topic: Topic) -> None:
    tx.run(ACCEPT, customer_id=customer_id, channel=channel, topic=topic)


def reachable_by_push(tx: Tx, customer_ids: Collection[str]) -> set[str]:
    return {row[0] for row in tx.run(REACHABLE, customer_ids=customer_ids)}


def devices(tx: Tx, customer_ids: Collection[str]) -> list[Device]:
    return tx.run(DEVICES, customer_ids=customer_ids).all(Device)


def keep_device(tx: Tx, device: Device) -> str:
    """The device's id. An address belongs to whoever signed in on it last."""
    found: str = tx.run(KEEP_DEVICE, **msgspec.structs.asdict(device)).scalar()
    return found


def forget_device(tx: Tx, customer_id: str, id: str) -> bool:
    return tx.run(FORGET_DEVICE, customer_id=customer_id, id=id).count == 1


def forget_addresses(tx: Tx, addresses: Sequence[str]) -> None:
    tx.run(FORGET_ADDRESSES, addresses=addresses)


def newest_words(tx: Tx) -> list[WrittenWords]:
    """The version that counts, of every kind and language that head office wrote."""
    return tx.run(NEWEST_WORDS).all(WrittenWords)


def versions_of(tx: Tx, kind: str, language: Language, limit: int) -> list[WrittenWords]:
    """Newest first."""
    return tx.run(VERSIONS_OF, kind=kind, language=language, row_count=limit).all(WrittenWords)


def add_words(tx: Tx, written: WrittenWords) -> bool:
    """False where another version of this number was written meanwhile."""
    return tx.run(ADD_WORDS, **msgspec.structs.asdict(written)).count == 1


_p, _d, _t = notification_preferences.c, push_subscriptions.c, template_versions.c
_PREFERENCE = (
    _p.customer_id == sa.bindparam("customer_id"),
    _p.channel == sa.bindparam("channel"),
    _p.topic == sa.bindparam("topic"),
)
DECLINED = sa.select(_p.customer_id, _p.channel, _p.topic).where(any_of(_p.customer_id, "customer_ids"))
DECLINE = (
    upsert(notification_preferences)
    .values({name: sa.bindparam(name) for name in ("customer_id", "channel", "topic", "declined_at")})
    .on_conflict_do_nothing()
)
ACCEPT = sa.delete(notification_preferences).where(*_PREFERENCE)
_DEVICE = [_d[name] for name in Device.__struct_fields__]
REACHABLE = sa.select(_d.customer_id).where(any_of(_d.customer_id, "customer_ids"))
DEVICES = sa.select(*_DEVICE).where(any_of(_d.customer_id, "customer_ids")).order_by(_d.customer_id, _d.id)
_kept = upsert(push_subscriptions).values({name: sa.bindparam(name) for name in Device.__struct_fields__})
KEEP_DEVICE = _kept.on_conflict_do_update(
    index_elements=["address"],
    set_={
        "customer_id": _kept.excluded.customer_id,
        "provider": _kept.excluded.provider,
        "p256dh": _kept.excluded.p256dh,
        "auth": _kept.excluded.auth,
    },
).returning(_d.id)
FORGET_DEVICE = sa.delete(push_subscriptions).where(
    _d.customer_id == sa.bindparam("customer_id"), _d.id == sa.bindparam("id")
)
FORGET_ADDRESSES = sa.delete(push_subscriptions).where(any_of(_d.address, "addresses"))
_WORDS = [_t[name] for name in WrittenWords.__struct_fields__]
_later = template_versions.alias("later")
NEWEST_WORDS = sa.select(*_WORDS).where(
    ~sa.exists().where(_later.c.kind == _t.kind, _later.c.language == _t.language, _later.c.version > _t.version)
)
VERSIONS_OF = (
    sa.select(*_WORDS)
    .where(_t.kind == sa.bindparam("kind"), _t.language == sa.bindparam("language"))
    .order_by(_t.version.desc())
    .limit(sa.bindparam("row_count", type_=sa.BigInteger))
)
ADD_WORDS = (
    upsert(template_versions)
    .values({name: sa.bindparam(name) for name in WrittenWords.__struct_fields__})
    .on_conflict_do_nothing()
)
