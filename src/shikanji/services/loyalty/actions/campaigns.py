"""Campaigns as head office writes them, and what a customer is told of a code."""

import msgspec

from shikanji.contracts.inventory import PricedLine
from shikanji.kit.db.faults import ConstraintViolated
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid, Problem
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.loyalty.actions import coupons
from shikanji.services.loyalty.errors import CodeTaken, CouponUnknown, LimitBelowUse
from shikanji.services.loyalty.model.campaign import Basket, Campaign, CampaignDraft, benefit, check_draft
from shikanji.services.loyalty.repository import campaigns, members
from shikanji.services.loyalty.repository.members import Member

ASSUMED = 100_000
"""Paise: what a cart is worth of which nothing was told."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer wants to know of a code. `categories`: what is in the cart, each product with its category;
    empty: not told. `subtotal` in paise; None: not told, so large enough."""

    code: str
    customer_id: str
    store_id: str | None
    categories: dict[str, str]
    subtotal: int | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`discount`: None where only the order's lines would tell."""

    campaign: Campaign
    refusal: Problem | None
    discount: int | None = None


def create_campaign(tx: Tx, draft: CampaignDraft) -> Campaign:
    check_draft(draft)
    campaign = Campaign(id=tx.new_id(), draft=draft, used=0, version=1, created_at=tx.now)
    if not campaigns.add(tx, campaign):
        raise CodeTaken
    return campaign


def update_campaign(tx: Tx, campaign_id: str, draft: CampaignDraft, expected: str | None) -> Campaign:
    """All of it anew. A limit does not fall below what was used already, and the type of one that was used stays."""
    found = campaigns.locked(tx, campaign_id)
    require_match(expected, etag(found.version))
    check_draft(draft)
    if found.used and draft.type != found.draft.type:
        raise Invalid.field("type", "stays as it is: the campaign was used already")
    _check_limits(tx, found, draft)
    changed = msgspec.structs.replace(found, draft=draft, version=found.version + 1)
    try:
        with tx.savepoint():
            campaigns.save(tx, changed)
    except ConstraintViolated:
        raise CodeTaken from None
    return changed


def judge(tx: Tx, asked: Question, *, limited: bool) -> Verdict | None:
    """Whether the code counts for this customer and cart, and why not. None: nobody knows it, and the guess was
    counted. Raises TooManyGuesses where they are `limited`, and for a member's code why it does not count."""
    member = members.locked(tx, asked.customer_id)
    if limited:
        coupons.check_guesses(tx, asked.customer_id)
    try:
        campaign, _ = coupons.find_coupon(tx, asked.code, member, tx.now)
    except CouponUnknown:
        coupons.count_guess(tx, asked.customer_id)
        return None
    return _verdict(tx, asked, member, campaign)


def _verdict(tx: Tx, asked: Question, member: Member, campaign: Campaign) -> Verdict:
    try:
        coupons.check_limits(tx, campaign, member.customer_id)
        given = benefit(campaign, _basket(asked, campaign.draft, member, tx.now))
    except Problem as refusal:
        return Verdict(campaign=campaign, refusal=refusal)
    known = asked.subtotal is not None and campaign.draft.discount_type in ("percentage", "fixed") and _of_all(campaign)
    return Verdict(campaign=campaign, refusal=None, discount=given.discount if known else None)


def _basket(asked: Question, draft: CampaignDraft, member: Member, at: int) -> Basket:
    """One that the campaign fits, as far as was not told otherwise."""
    product_id, category_id = _item(asked, draft)
    quantity = draft.buy_quantity + draft.get_quantity if draft.type == "bogo" else 1
    subtotal = max(draft.minimum_order, ASSUMED) if asked.subtotal is None else asked.subtotal
    line = PricedLine(
        line_id="",
        product_id=product_id,
        name="",
        name_hi=None,
        sku="",
        category_id=category_id,
        quantity=quantity,
        base_price=0,
        unit_price=-(-subtotal // quantity),
        options=[],
        tax_class="",
        tax_rate_bp=0,
        tax_included=False,
        hsn="",
    )
    store_id = asked.store_id or (draft.store_ids or [""])[0]
    return coupons.basket_of([line], member, store_id=store_id, delivery_fee=1, at=at)


def _item(asked: Question, draft: CampaignDraft) -> tuple[str, str]:
    """Product and category of what in the cart could count, where it was told."""
    if not asked.categories:
        return (draft.product_ids or [""])[0], (draft.category_ids or [""])[0]
    cart = asked.categories.items()
    fitting = [each for each in cart if each[0] in draft.product_ids or each[1] in draft.category_ids]
    return (fitting or list(cart))[0]


def _of_all(campaign: Campaign) -> bool:
    """Whether its discount follows from the subtotal alone."""
    draft = campaign.draft
    return draft.type in ("discount", "referral") and not draft.product_ids and not draft.category_ids


def _check_limits(tx: Tx, found: Campaign, draft: CampaignDraft) -> None:
    if draft.usage_limit is not None and draft.usage_limit < found.used:
        raise LimitBelowUse(f"It was used {found.used} times.")
    most = draft.usage_limit_per_customer
    if most is not None and (used := campaigns.most_used_by_one(tx, found.id)) > most:
        raise LimitBelowUse(f"One customer used it {used} times.")
