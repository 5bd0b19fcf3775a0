"""What people hear besides their orders: greetings, points, shelves that run empty, what head office writes."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.customer import CustomerRegistered
from shikanji.contracts.inventory import LowStockAlert
from shikanji.contracts.loyalty import PointsEarned, TierUpgraded
from shikanji.contracts.notification import MessageChannel
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.actions.telling import tell
from shikanji.services.notification.model.messages import Draft

LOW_STOCK = "low-stock"
GIFTS = frozenset({"birthday", "referral"})
"""Points that nobody expects; those of orders are on the order."""


class Shelf(msgspec.Struct, frozen=True):
    event_id: str
    store_id: str
    product_id: str
    available: int


def welcome(tx: Tx, event: CustomerRegistered) -> None:
    tell(tx, [Draft(customer_id=event.customer_id, key="welcome", kind="welcome")])


def points_earned(tx: Tx, event: PointsEarned) -> None:
    """Under the event's id: there is no other name for one gift."""
    if event.earned_for not in GIFTS:
        return
    draft = Draft(
        customer_id=event.customer_id,
        key=f"points-given:{tx.causation_id}",
        kind="points-given",
        data={"points": event.points, "earned_for": event.earned_for},
    )
    tell(tx, [draft])


def tier_upgraded(tx: Tx, event: TierUpgraded) -> None:
    draft = Draft(
        customer_id=event.customer_id,
        key=f"tier-upgraded:{tx.causation_id}",
        kind="tier-upgraded",
        data={"tier": event.new},
    )
    tell(tx, [draft])


def stock_is_low(tx: Tx, event: LowStockAlert) -> None:
    """Who the managers are is asked by a job."""
    shelf = Shelf(tx.causation_id, event.store_id, event.product_id, event.available)
    tx.schedule(LOW_STOCK, tx.causation_id, tx.now, shelf)


def tell_managers(tx: Tx, shelf: Shelf, managers: Sequence[str], product: str, product_hi: str | None) -> None:
    data = {"available": shelf.available, "product": product, "product_hi": product_hi or product}
    tell(
        tx,
        [
            Draft(
                customer_id=manager,
                key=f"low-stock:{shelf.event_id}",
                kind="low-stock",
                store_id=shelf.store_id,
                data=data,
            )
            for manager in managers
        ],
    )


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What head office writes to some customers."""

    customer_ids: list[str]
    kind: str
    title: str
    text: str
    title_hi: str | None
    text_hi: str | None
    """For whoever reads Hindi; None: as the others."""
    channels: tuple[MessageChannel, ...] | None


class Accepted(msgspec.Struct, frozen=True):
    id: str
    customers: int


def send_by_hand(tx: Tx, wanted: ByHand) -> Accepted:
    send_id, people = tx.new_id(), sorted(set(wanted.customer_ids))
    drafts = [
        Draft(
            customer_id=customer_id,
            key=f"by-hand:{send_id}",
            kind=wanted.kind,
            data=_said(wanted),
            channels=wanted.channels,
        )
        for customer_id in people
    ]
    tell(tx, drafts)
    return Accepted(send_id, len(people))


def _said(wanted: ByHand) -> dict[str, str]:
    said = {"title": wanted.title, "text": wanted.text}
    if wanted.title_hi is not None and wanted.text_hi is not None:
        said |= {"title_hi": wanted.title_hi, "text_hi": wanted.text_hi}
    return said


def send_test(tx: Tx, account_id: str, kind: str, channel: MessageChannel) -> Accepted:
    """A message with sample facts to whoever asks for it."""
    send_id = tx.new_id()
    draft = Draft(customer_id=account_id, key=f"test:{send_id}", kind=kind, data={"sample": True}, channels=(channel,))
    tell(tx, [draft])
    return Accepted(send_id, 1)
