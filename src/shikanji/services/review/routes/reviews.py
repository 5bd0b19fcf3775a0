"""Writing and reading reviews."""

from shikanji.contracts.order import AskOrderStanding
from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.guards import is_owner
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.review.actions import reviews
from shikanji.services.review.errors import (
    AlreadyReviewed,
    ManyReviews,
    NotBought,
    NotReceivedYet,
    OrderNotFound,
    ReviewNotFound,
    TooLate,
)
from shikanji.services.review.model.review import Purchase
from shikanji.services.review.repository import purchases
from shikanji.services.review.repository import reviews as kept
from shikanji.services.review.routes.declared import routes
from shikanji.services.review.routes.views import own_review, shown, visible_review
from shikanji.services.review.schemas import (
    EditReview,
    ReceivedView,
    ReviewView,
    SubmitReview,
    received_view,
    said_of,
)


@routes.post(
    "/api/v1/reviews",
    body=SubmitReview,
    returns=ReviewView,
    status=201,
    who=Who.SIGNED_IN,
    editable=True,
    raises=[OrderNotFound, NotReceivedYet, NotBought, AlreadyReviewed, TooLate, Invalid, ManyReviews],
)
async def submit_review(room: Room, incoming: Incoming[SubmitReview, None]) -> Reply:
    """A review of what one bought and received: a product, or the order as a whole; each once.

    It is shown at once unless something in its text is to be looked at first."""
    body, principal = incoming.body, incoming.principal
    purchase = await _purchase(room, body.order_id, principal.account_id)
    review = await room.db.write(
        reviews.submit_review,
        principal.account_id,
        purchase,
        body.product_id,
        said_of(body),
        limited=room.rate_limits,
    )
    return await shown(room, principal, review)


@routes.get("/api/v1/reviews/{id}", returns=ReviewView, who=Who.ANYONE, editable=True, raises=[ReviewNotFound])
async def get_review(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One review. Those that are not approved are there for their author and their store only."""
    return await shown(room, incoming.principal, await visible_review(room, incoming))


@routes.put(
    "/api/v1/reviews/{id}",
    body=EditReview,
    returns=ReviewView,
    who=Who.SIGNED_IN,
    editable=True,
    raises=[ReviewNotFound, Forbidden, Invalid, TooLate, PreconditionFailed],
)
async def edit_review(room: Room, incoming: Incoming[EditReview, None]) -> Reply:
    """Says something else, while it waits or for some time after it was written. It is looked at anew."""
    review = await own_review(room, incoming)
    changed = await room.db.write(reviews.edit_review, review.id, said_of(incoming.body), incoming.if_match)
    return await shown(room, incoming.principal, changed)


@routes.delete(
    "/api/v1/reviews/{id}",
    status=204,
    who=Who.SIGNED_IN,
    editable=True,
    raises=[ReviewNotFound, Forbidden, PreconditionFailed],
)
async def delete_review(room: Room, incoming: Incoming[None, None]) -> None:
    """Takes a review away for good: its author or head office."""
    review = await visible_review(room, incoming)
    if not incoming.principal.admin and not is_owner(incoming.principal, review.customer_id):
        raise Forbidden("only for its author and for head office")
    await room.db.write(reviews.delete_review, review.id, incoming.principal.account_id, incoming.if_match)


@routes.get(
    "/api/v1/reviews/order/{orderId}",
    returns=ReceivedView,
    who=Who.SIGNED_IN,
    raises=[OrderNotFound, NotReceivedYet],
)
async def get_received(room: Room, incoming: Incoming[None, None]) -> ReceivedView:
    """What of one's order can be reviewed, and what was."""
    purchase = await _purchase(room, incoming.path["orderId"], incoming.principal.account_id)
    if purchase.customer_id != incoming.principal.account_id:
        raise OrderNotFound
    reviewed = await room.db.read(kept.of_order, purchase.order_id)
    until = await room.db.read(reviews.reviewable_until, purchase.order_id)
    return received_view(purchase, reviewed, until)


async def _purchase(room: Room, order_id: str, customer_id: str) -> Purchase:
    """As it is known here. What is not, the order service is asked for: its events may be on their way still. Raises
    OrderNotFound, also for another customer's order, and NotReceivedYet."""
    known = await room.db.read(purchases.find, order_id)
    if known is not None:
        return known
    standing = await room.calls.ask(AskOrderStanding(order_id=order_id))
    if standing.customer_id != customer_id:
        raise OrderNotFound
    if standing.status not in ("delivered", "completed"):
        raise NotReceivedYet(f"The order is {standing.status}.")
    products = dict.fromkeys(line.product_id for line in standing.lines)
    return Purchase(standing.order_id, standing.customer_id, standing.store_id, tuple(products))
