"""A customer's points and tier, and points by hand."""

from collections.abc import Callable
from typing import Any

from shikanji.contracts.customer import AskAccounts
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid, NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_account
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.loyalty.actions import points
from shikanji.services.loyalty.actions.points import Standing, rules_of
from shikanji.services.loyalty.errors import InsufficientPoints, MemberNotFound
from shikanji.services.loyalty.repository import members
from shikanji.services.loyalty.routes.declared import routes
from shikanji.services.loyalty.schemas import (
    AdjustPoints,
    MemberView,
    MovePoints,
    TierChangeView,
    TierView,
    TransactionView,
    member_view,
    tier_change_view,
    tier_view,
    transaction_view,
)
from shikanji.services.loyalty.settings import LoyaltySettings

Move = Callable[[Tx, str, int, str, str], Standing]


@routes.get("/api/v1/loyalty/tiers", returns=list[TierView], who=Who.ANYONE, cache_seconds=5)
async def list_tiers(room: Room, incoming: Incoming[None, None]) -> list[TierView]:
    """The tiers, the lowest first."""
    return [tier_view(rule) for rule in rules_of(room.settings(LoyaltySettings))]


@routes.get("/api/v1/loyalty/customer/{customerId}", returns=MemberView, who=Who.SIGNED_IN, raises=[NotFound])
async def get_member(room: Room, incoming: Incoming[None, None]) -> MemberView:
    """A customer's points and tier: for the customer and head office."""
    require_account(incoming.principal, incoming.path["customerId"])
    return _view(room, await room.db.read(points.standing_of, incoming.path["customerId"]))


@routes.get(
    "/api/v1/loyalty/customer/{customerId}/transactions",
    query=PageQuery,
    returns=list[TransactionView],
    page=True,
    who=Who.SIGNED_IN,
    raises=[NotFound, Invalid],
)
async def list_transactions(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """Every movement of a customer's points, newest first."""
    require_account(incoming.principal, incoming.path["customerId"])
    key, limit = decode_cursor(incoming.query.cursor, int), incoming.query.limit
    before = None if key is None else key[0]
    found = await room.db.read(members.transactions_of, incoming.path["customerId"], before, limit + 1)
    return page(found, limit, key=lambda done: (done.number,), view=transaction_view)


@routes.get(
    "/api/v1/loyalty/customer/{customerId}/tiers",
    query=PageQuery,
    returns=list[TierChangeView],
    page=True,
    who=Who.SIGNED_IN,
    raises=[NotFound, Invalid],
)
async def list_tier_changes(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """A customer's changes of tier and why, newest first."""
    require_account(incoming.principal, incoming.path["customerId"])
    key, limit = decode_cursor(incoming.query.cursor, str), incoming.query.limit
    before = None if key is None else key[0]
    found = await room.db.read(members.tier_changes, incoming.path["customerId"], before, limit + 1)
    return page(found, limit, key=lambda change: (change.id,), view=tier_change_view)


@routes.post(
    "/api/v1/loyalty/earn",
    body=MovePoints,
    returns=MemberView,
    status=201,
    who=Who.ADMIN,
    idempotency=Idempotency.REQUIRED,
    raises=[MemberNotFound, Invalid, InFlight, KeyReused],
)
async def earn(room: Room, incoming: Incoming[MovePoints, None]) -> Reply:
    """Gives a customer points that count towards the tier."""
    return await _by_hand(room, incoming, points.earn_points, incoming.body)


@routes.post(
    "/api/v1/loyalty/redeem",
    body=MovePoints,
    returns=MemberView,
    status=201,
    who=Who.ADMIN,
    idempotency=Idempotency.REQUIRED,
    raises=[MemberNotFound, InsufficientPoints, Invalid, InFlight, KeyReused],
)
async def redeem(room: Room, incoming: Incoming[MovePoints, None]) -> Reply:
    """Spends a customer's points other than for an order."""
    return await _by_hand(room, incoming, points.redeem_points, incoming.body)


@routes.post(
    "/api/v1/loyalty/adjust",
    body=AdjustPoints,
    returns=MemberView,
    status=201,
    who=Who.ADMIN,
    idempotency=Idempotency.REQUIRED,
    raises=[MemberNotFound, InsufficientPoints, Invalid, InFlight, KeyReused],
)
async def adjust(room: Room, incoming: Incoming[AdjustPoints, None]) -> Reply:
    """Sets a customer's points right, up or down, with a reason."""
    if not incoming.body.points:
        raise Invalid.field("points", "is not 0")
    return await _by_hand(room, incoming, points.adjust_points, incoming.body)


async def _by_hand(room: Room, incoming: Incoming[Any, None], move: Move, body: MovePoints | AdjustPoints) -> Reply:
    known = await room.calls.ask(AskAccounts(account_ids=[body.customer_id]))
    if not known.accounts:
        raise MemberNotFound
    return await once(
        room,
        incoming,
        move,
        body.customer_id,
        body.points,
        body.reason,
        incoming.principal.key,
        view=lambda standing: _view(room, standing),
        status=201,
    )


def _view(room: Room, standing: Standing) -> MemberView:
    settings = room.settings(LoyaltySettings)
    return member_view(standing, list(rules_of(settings)), settings)
