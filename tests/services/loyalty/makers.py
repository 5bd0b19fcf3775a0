"""What the tests of this room start from. Every maker gives something valid; a test names only what it is about."""

from itertools import count
from typing import Any

from shikanji.contracts.inventory import PricedLine
from shikanji.contracts.loyalty import BenefitsHeld, HoldBenefits
from shikanji.contracts.order import OrderCancelled, OrderCompleted, OrderConfirmed, OrderCreated, OrderStatus
from shikanji.contracts.payment import RefundCompleted
from shikanji.kit.clock import DAY
from shikanji.kit.events import Event
from shikanji.services.loyalty import service
from shikanji.services.loyalty.actions import benefits, campaigns, points
from shikanji.services.loyalty.errors import CouponUnknown
from shikanji.services.loyalty.model.campaign import Basket, Campaign, CampaignDraft
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import hearing

NOON = 1_795_327_200_000_000
STORE = "0190a000-0000-7000-8000-000000000001"
ASHA = "0190b000-0000-7000-8000-000000000001"
RAVI = "0190b000-0000-7000-8000-000000000002"
SHIKANJI = "0190d000-0000-7000-8000-000000000001"
SAMOSA = "0190d000-0000-7000-8000-000000000002"
DRINKS = "0190c000-0000-7000-8000-000000000001"
SNACKS = "0190c000-0000-7000-8000-000000000002"

_numbers = count(1)


def number(of: str = "0190e000") -> str:
    """A new id."""
    return f"{of}-0000-7000-8000-{next(_numbers):012x}"


def line(price: int = 10_000, quantity: int = 1, product: str = SHIKANJI, category: str = DRINKS) -> PricedLine:
    return PricedLine(
        line_id=number("line"),
        product_id=product,
        name="Something",
        name_hi=None,
        sku="SKU",
        category_id=category,
        quantity=quantity,
        base_price=price,
        unit_price=price,
        options=[],
        tax_class="food-5",
        tax_rate_bp=500,
        tax_included=False,
        hsn="996331",
    )


def basket(*lines: PricedLine, **fields: Any) -> Basket:
    given: dict[str, Any] = {
        "store_id": STORE,
        "lines": list(lines) or [line()],
        "delivery_fee": 3_000,
        "segments": frozenset({"new", "bronze"}),
        "at": NOON,
    }
    return Basket(**(given | fields))


def draft(**fields: Any) -> CampaignDraft:
    """Ten percent off everything, by a code."""
    given: dict[str, Any] = {
        "name": "Diwali",
        "type": "discount",
        "discount_type": "percentage",
        "value": 10,
        "code": None if fields.get("automatic") or fields.get("type") == "referral" else "DIWALI",
        "starts_at": NOON - DAY,
    }
    return CampaignDraft(**(given | fields))


def campaign(**fields: Any) -> Campaign:
    campaign_id = fields.pop("id", None) or number("camp")
    return Campaign(id=campaign_id, draft=draft(**fields), used=0, version=1, created_at=NOON)


async def start(base: OpenDatabase, **fields: Any) -> Campaign:
    return await base.write(campaigns.create_campaign, draft(**fields))


async def give(base: OpenDatabase, count: int, customer_id: str = ASHA) -> None:
    if count:
        await base.write(points.earn_points, customer_id, count, "a gift", "head office")


async def hold(base: OpenDatabase, order_id: str, **fields: Any) -> BenefitsHeld:
    held = await base.write(benefits.hold_benefits, wanted(order_id, **fields))
    if held is None:
        raise CouponUnknown
    return held


def wanted(order_id: str, **fields: Any) -> HoldBenefits:
    given: dict[str, Any] = {
        "customer_id": ASHA,
        "store_id": STORE,
        "lines": [line(10_000)],
        "delivery_fee": 3_000,
        "coupon_code": None,
        "redeem_points": 0,
        "at": NOON,
    }
    return HoldBenefits(order_id=order_id, **(given | fields))


hear = hearing(service.subscribers)


async def deliver(base: OpenDatabase, *events: Event) -> None:
    """Hands the events to their handlers, without the inbox's memory: what comes twice is handled twice."""
    for event in events:
        await base.write(hear, event)


def balances(base: OpenDatabase, customer_id: str = ASHA) -> tuple[int, int, int, int]:
    """Pending, available, held, owed."""
    rows = base.query(f"SELECT pending, available, held, debt FROM members WHERE customer_id = '{customer_id}'")
    return tuple(int(each) for each in rows[0]) if rows else (0, 0, 0, 0)  # type: ignore[return-value]


def check_books(base: OpenDatabase) -> None:
    """Every account is the sum of its transfers, and what can be spent lies in lots."""
    for account, sign in (("pending", 1), ("available", 1), ("held", 1), ("debt", -1)):
        wrong = base.query(
            f"""SELECT m.customer_id FROM members m WHERE m.{account} <> {sign} * (
            SELECT coalesce(sum(CASE WHEN t.target = '{account}' THEN t.points
                                     WHEN t.source = '{account}' THEN -t.points ELSE 0 END), 0)
            FROM loyalty_transactions t WHERE t.customer_id = m.customer_id)"""
        )
        assert wrong == [], account
    lots = """SELECT m.customer_id FROM members m WHERE m.available <> (SELECT coalesce(sum(
        l.granted - l.consumed - l.expired), 0) FROM lots l WHERE l.customer_id = m.customer_id)"""
    assert base.query(lots) == []
    used = """SELECT c.id FROM campaigns c WHERE c.used <> (SELECT count(*) FROM campaign_usage u
        WHERE u.campaign_id = c.id AND u.released = 0)"""
    assert base.query(used) == []
    by_customer = """SELECT c.campaign_id FROM campaign_customers c WHERE c.used <> (SELECT count(*)
        FROM campaign_usage u WHERE u.campaign_id = c.campaign_id AND u.customer_id = c.customer_id
        AND u.released = 0)"""
    assert base.query(by_customer) == []


def told(base: OpenDatabase, *kinds: str) -> list[dict[str, Any]]:
    return [event.data for event in base.events() if event.type in kinds]


def created(order_id: str, attempt: int = 1, *, benefits: bool = False) -> OrderCreated:
    return OrderCreated(
        order_id=order_id,
        order_number="KOR1-1",
        customer_id=ASHA,
        store_id=STORE,
        fulfilment="pickup",
        payment_method="online",
        lines=[],
        subtotal=8_000,
        discount=0,
        points_discount=0,
        delivery_fee=0,
        delivery_fee_tax=0,
        tax=400,
        round_off=0,
        total=8_400,
        attempt=attempt,
        scheduled_for=None,
        payment_deadline=None,
        placed_at=NOON,
        benefits=benefits,
    )


def confirmed(
    order_id: str, attempt: int = 1, *, goods: int = 25_999, benefits: bool = False, customer_id: str = ASHA
) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order_id,
        customer_id=customer_id,
        store_id=STORE,
        payment_method="online",
        total=30_000,
        attempt=attempt,
        goods=goods,
        benefits=benefits,
    )


def completed(order_id: str, *, goods: int = 25_999, benefits: bool = False, customer_id: str = ASHA) -> OrderCompleted:
    return OrderCompleted(
        order_id=order_id,
        customer_id=customer_id,
        store_id=STORE,
        fulfilment="pickup",
        payment_method="online",
        total=30_000,
        by="cashier",
        goods=goods,
        benefits=benefits,
    )


def cancelled(order_id: str, attempt: int = 1, *, previous: OrderStatus = "confirmed") -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        customer_id=ASHA,
        store_id=STORE,
        cause="customer",
        reason="changed my mind",
        previous=previous,
        payment_method="online",
        total=30_000,
        attempt=attempt,
        restock=[],
        by=ASHA,
    )


def refunded(order_id: str, amount: int, *, cause: Any = "requested") -> RefundCompleted:
    return RefundCompleted(
        refund_id=number("refund"),
        payment_id="payment",
        order_id=order_id,
        customer_id=ASHA,
        store_id=STORE,
        amount=amount,
        cause=cause,
    )
