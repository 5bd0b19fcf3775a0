"""Campaigns and their use."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.errors import CampaignNotFound
from shikanji.services.loyalty.model.campaign import Campaign, CampaignDraft
from shikanji.services.loyalty.tables import (
    APPLIES_BY_ITSELF,
    campaign_customers,
    campaign_usage,
    campaigns,
    coupon_guesses,
)

AUTOMATIC_MAX = 50
"""So many campaigns can apply by themselves at a time; of more the newest are not looked at."""
FIRST_UNUSED = "g"
"""After every id."""


def automatic(tx: Tx, at: int) -> list[Campaign]:
    """Those that apply by themselves at that moment."""
    return [_campaign(row) for row in tx.run(AUTOMATIC, at=at)]


def find(tx: Tx, campaign_id: str) -> Campaign:
    row = tx.run(FIND, campaign_id=campaign_id).first()
    if row is None:
        raise CampaignNotFound
    return _campaign(row)


def locked(tx: Tx, campaign_id: str) -> Campaign:
    row = tx.run(LOCKED, campaign_id=campaign_id).first()
    if row is None:
        raise CampaignNotFound
    return _campaign(row)


def find_by_code(tx: Tx, code: str) -> Campaign | None:
    row = tx.run(FIND_BY_CODE, code=code).first()
    return None if row is None else _campaign(row)


def referral(tx: Tx, at: int) -> Campaign | None:
    """The newest that is in force."""
    row = tx.run(REFERRAL, at=at).first()
    return None if row is None else _campaign(row)


def add(tx: Tx, campaign: Campaign) -> bool:
    """False where the code is taken."""
    return (
        tx.run(ADD, id=campaign.id, created_at=campaign.created_at, used=0, version=1, **_columns(campaign)).count == 1
    )


def save(tx: Tx, campaign: Campaign) -> None:
    given = {f"new_{name}": value for name, value in _columns(campaign).items()}
    tx.run(SAVE, campaign_id=campaign.id, new_version=campaign.version, **given)


def listed(tx: Tx, *, everything: bool, before: str | None, limit: int, at: int) -> list[Campaign]:
    """Newest first: all, or those that customers are shown now."""
    statement = sa.select(*_READ).where(campaigns.c.id < (before or FIRST_UNUSED))
    if not everything:
        statement = statement.where(
            campaigns.c.listed == 1,
            campaigns.c.active == 1,
            campaigns.c.starts_at <= at,
            sa.or_(campaigns.c.ends_at.is_(None), campaigns.c.ends_at > at),
        )
    return [_campaign(row) for row in tx.execute(statement.order_by(campaigns.c.id.desc()).limit(limit))]


def take_one(tx: Tx, campaign_id: str) -> bool:
    """One use more, unless that would pass its limit."""
    return tx.run(TAKE_ONE, campaign_id=campaign_id).count == 1


def take_for(tx: Tx, campaign_id: str, customer_id: str) -> bool:
    """One use more of this customer, unless that would pass the limit for each: as it is now, for the campaign's row is
    ours since `take_one`."""
    return tx.run(TAKE_FOR, campaign_id=campaign_id, customer_id=customer_id, used=1).count == 1


def used_by(tx: Tx, campaign_id: str, customer_id: str) -> int:
    return int(tx.run(USED_BY, campaign_id=campaign_id, customer_id=customer_id).scalar() or 0)


def most_used_by_one(tx: Tx, campaign_id: str) -> int:
    return int(tx.run(MOST_USED, campaign_id=campaign_id).scalar() or 0)


def add_usage(tx: Tx, campaign_id: str, order_id: str, attempt: int, customer_id: str, discount: int) -> None:
    tx.run(
        ADD_USAGE,
        campaign_id=campaign_id,
        order_id=order_id,
        attempt=attempt,
        customer_id=customer_id,
        discount=discount,
        released=0,
        at=tx.now,
    )


def move_usage(tx: Tx, campaign_id: str, order_id: str, old: int, new: int) -> bool:
    """Under a later attempt; false where it does not count any more."""
    return tx.run(MOVE_USAGE, campaign_id=campaign_id, order_id=order_id, attempt=old, new_attempt=new).count == 1


def release_usage(tx: Tx, campaign_id: str, order_id: str, attempt: int, customer_id: str) -> None:
    """It counts no more, for the campaign and for the customer; once."""
    if tx.run(RELEASE_USAGE, campaign_id=campaign_id, order_id=order_id, attempt=attempt).count:
        tx.run(LEAVE_ONE, campaign_id=campaign_id)
        tx.run(LEAVE_FOR, campaign_id=campaign_id, customer_id=customer_id)


def guesses(tx: Tx, customer_id: str, hour: int) -> int:
    return int(tx.run(GUESSES, customer_id=customer_id, hour=hour).scalar() or 0)


def add_guess(tx: Tx, customer_id: str, hour: int) -> None:
    tx.run(ADD_GUESS, customer_id=customer_id, hour=hour, count=1)


def _campaign(row: tuple[Any, ...]) -> Campaign:
    campaign_id, draft, used, version, created_at = row
    return Campaign(id=campaign_id, draft=_DRAFT.decode(draft), used=used, version=version, created_at=created_at)


def _columns(campaign: Campaign) -> dict[str, Any]:
    draft = campaign.draft
    return {
        "draft": msgspec.json.encode(draft),
        "type": draft.type,
        "code": draft.code,
        "automatic": int(draft.automatic),
        "active": int(draft.active),
        "listed": int(draft.listed),
        "usage_limit": draft.usage_limit,
        "usage_limit_per_customer": draft.usage_limit_per_customer,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
    }


_DRAFT = msgspec.json.Decoder(CampaignDraft)
_READ = (campaigns.c.id, campaigns.c.draft, campaigns.c.used, campaigns.c.version, campaigns.c.created_at)
_IS = campaigns.c.id == bindparam("campaign_id")
_NOW = sa.and_(
    campaigns.c.starts_at <= bindparam("at"),
    sa.or_(campaigns.c.ends_at.is_(None), campaigns.c.ends_at > bindparam("at")),
)
_USAGE = sa.and_(
    campaign_usage.c.campaign_id == bindparam("campaign_id"),
    campaign_usage.c.order_id == bindparam("order_id"),
    campaign_usage.c.attempt == bindparam("attempt"),
)
_COUNTS = campaign_usage.c.released == 0
_OF_CUSTOMER = sa.and_(
    campaign_customers.c.campaign_id == bindparam("campaign_id"),
    campaign_customers.c.customer_id == bindparam("customer_id"),
)

AUTOMATIC = (
    sa.select(*_READ)
    .where(APPLIES_BY_ITSELF, _NOW)
    .order_by(campaigns.c.starts_at, campaigns.c.id)
    .limit(AUTOMATIC_MAX)
)
FIND = sa.select(*_READ).where(_IS)
LOCKED = FIND.with_for_update()
FIND_BY_CODE = sa.select(*_READ).where(campaigns.c.code == bindparam("code"))
REFERRAL = (
    sa.select(*_READ)
    .where(campaigns.c.type == "referral", campaigns.c.active == 1, _NOW)
    .order_by(campaigns.c.id.desc())
    .limit(1)
)
ADD = upsert(campaigns).on_conflict_do_nothing(index_elements=["code"])
SAVE = (
    sa.update(campaigns)
    .where(_IS)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "draft",
                "version",
                "type",
                "code",
                "automatic",
                "active",
                "listed",
                "usage_limit",
                "usage_limit_per_customer",
                "starts_at",
                "ends_at",
            )
        }
    )
)
TAKE_ONE = (
    sa.update(campaigns)
    .where(_IS, sa.or_(campaigns.c.usage_limit.is_(None), campaigns.c.used < campaigns.c.usage_limit))
    .values(used=campaigns.c.used + 1)
)
LEAVE_ONE = sa.update(campaigns).where(_IS).values(used=campaigns.c.used - 1)
_first = upsert(campaign_customers).values(
    campaign_id=bindparam("campaign_id"), customer_id=bindparam("customer_id"), used=bindparam("used")
)
_uses_each = (
    sa.select(sa.case((campaigns.c.type == "referral", 1), else_=campaigns.c.usage_limit_per_customer))
    .where(_IS)
    .scalar_subquery()
)
TAKE_FOR = _first.on_conflict_do_update(
    index_elements=["campaign_id", "customer_id"],
    set_={"used": campaign_customers.c.used + 1},
    where=sa.or_(_uses_each.is_(None), campaign_customers.c.used < _uses_each),
)
LEAVE_FOR = sa.update(campaign_customers).where(_OF_CUSTOMER).values(used=campaign_customers.c.used - 1)
USED_BY = sa.select(campaign_customers.c.used).where(_OF_CUSTOMER)
MOST_USED = sa.select(sa.func.max(campaign_customers.c.used)).where(
    campaign_customers.c.campaign_id == bindparam("campaign_id")
)
ADD_USAGE = sa.insert(campaign_usage)
MOVE_USAGE = sa.update(campaign_usage).where(_USAGE, _COUNTS).values(attempt=bindparam("new_attempt"))
RELEASE_USAGE = sa.update(campaign_usage).where(_USAGE, _COUNTS).values(released=1)
GUESSES = sa.select(coupon_guesses.c.count).where(
    coupon_guesses.c.customer_id == bindparam("customer_id"), coupon_guesses.c.hour == bindparam("hour")
)
_guess = upsert(coupon_guesses).values(
    customer_id=bindparam("customer_id"), hour=bindparam("hour"), count=bindparam("count")
)
ADD_GUESS = _guess.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={
        "hour": _guess.excluded.hour,
        "count": sa.case((coupon_guesses.c.hour == _guess.excluded.hour, coupon_guesses.c.count + 1), else_=1),
    },
)
