"""Looking at reviews, letting them be shown or not, and answering them."""

from shikanji.kit.auth import Principal
from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_role
from shikanji.kit.web.pages import decode_cursor
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.review.actions import reviews
from shikanji.services.review.errors import NoResponse, ReviewNotFound
from shikanji.services.review.repository import reviews as kept
from shikanji.services.review.routes.declared import routes
from shikanji.services.review.routes.views import moderated_review, page_of, shown
from shikanji.services.review.schemas import (
    DecisionView,
    ListToModerate,
    Moderate,
    Respond,
    ReviewView,
    decision_view,
)


@routes.get(
    "/api/v1/reviews",
    query=ListToModerate,
    returns=list[ReviewView],
    page=True,
    who=Who.STAFF,
    raises=[Forbidden, Invalid],
)
async def list_to_moderate(room: Room, incoming: Incoming[None, ListToModerate]) -> Reply:
    """Those that wait to be looked at, the longest waiting first.

    Of the stores whose manager or support one is, of all for head office. Another `status` shows what was decided."""
    query = incoming.query
    key = decode_cursor(query.cursor, str)
    found = await room.db.read(
        kept.to_see,
        query.status,
        _stores(incoming.principal, query.store_id),
        None if key is None else key[0],
        query.limit + 1,
    )
    return await page_of(room, found, query.limit, whole=True)


@routes.put(
    "/api/v1/reviews/{id}/moderation",
    body=Moderate,
    returns=ReviewView,
    who=Who.STAFF,
    editable=True,
    raises=[ReviewNotFound, Forbidden, Invalid, PreconditionFailed],
)
async def moderate_review(room: Room, incoming: Incoming[Moderate, None]) -> Reply:
    """Lets a review be shown, or rejects it with a reason that its author reads."""
    body = incoming.body
    if (body.status == "rejected") is (body.reason is None):
        raise Invalid.field("reason", "is given for a rejected review, and only there")
    review = await moderated_review(room, incoming)
    moderated = await room.db.write(
        reviews.moderate_review,
        review.id,
        body.status,
        body.reason,
        body.note,
        incoming.principal.account_id,
        incoming.if_match,
    )
    return await shown(room, incoming.principal, moderated)


@routes.get(
    "/api/v1/reviews/{id}/moderation",
    returns=list[DecisionView],
    who=Who.STAFF,
    raises=[ReviewNotFound, Forbidden],
)
async def list_decisions(room: Room, incoming: Incoming[None, None]) -> list[DecisionView]:
    """Who let a review be shown or not, when and why; the last decision first."""
    review = await moderated_review(room, incoming)
    return [decision_view(decision) for decision in await room.db.read(kept.decisions, review.id)]


@routes.put(
    "/api/v1/reviews/{id}/response",
    body=Respond,
    returns=ReviewView,
    who=Who.STAFF,
    editable=True,
    raises=[ReviewNotFound, Forbidden, Invalid, PreconditionFailed],
)
async def respond(room: Room, incoming: Incoming[Respond, None]) -> Reply:
    """What the store says to a review; one answer, which a later one replaces."""
    review = await moderated_review(room, incoming)
    answered = await room.db.write(
        reviews.respond, review.id, incoming.body.text, incoming.principal.account_id, incoming.if_match
    )
    return await shown(room, incoming.principal, answered)


@routes.delete(
    "/api/v1/reviews/{id}/response",
    status=204,
    who=Who.STAFF,
    editable=True,
    raises=[ReviewNotFound, NoResponse, Forbidden, PreconditionFailed],
)
async def take_response_back(room: Room, incoming: Incoming[None, None]) -> None:
    """Takes the store's answer away."""
    review = await moderated_review(room, incoming)
    await room.db.write(reviews.take_response_back, review.id, incoming.if_match)


def _stores(principal: Principal, wanted: str | None) -> list[str] | None:
    """Whose reviews the caller looks at; None: all."""
    if wanted is not None:
        require_role(principal, wanted, "manager", "support")
        return [wanted]
    if principal.admin:
        return None
    own = [store_id for store_id in principal.roles if principal.has_role(store_id, "manager", "support")]
    if not own:
        raise Forbidden("only for managers and support")
    return own
