"""What the routes have in common: who may see a review, and how it is shown."""

from collections.abc import Sequence
from typing import Any

from shikanji.kit.auth import Principal
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Forbidden
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import is_owner, require_role, works_in
from shikanji.kit.web.pages import encode_cursor
from shikanji.kit.web.routes import Incoming, Reply
from shikanji.services.review.errors import ReviewNotFound
from shikanji.services.review.model.review import Review
from shikanji.services.review.repository import photos, reviews
from shikanji.services.review.schemas import ReviewView, review_view


async def visible_review(room: Room, incoming: Incoming[Any, Any]) -> Review:
    """The review of the path. One that is not approved is there for its author, its store and head office only."""
    review = await room.db.read(reviews.find, incoming.path["id"])
    if review.status != "approved" and not sees_whole(incoming.principal, review):
        raise ReviewNotFound
    return review


async def own_review(room: Room, incoming: Incoming[Any, Any]) -> Review:
    """For what its author alone may do."""
    review = await visible_review(room, incoming)
    if not is_owner(incoming.principal, review.customer_id):
        raise Forbidden("only for its author")
    return review


async def moderated_review(room: Room, incoming: Incoming[Any, Any]) -> Review:
    """For what the store's manager and support may do, and head office."""
    review = await visible_review(room, incoming)
    require_role(incoming.principal, review.store_id, "manager", "support")
    return review


def sees_whole(principal: Principal, review: Review) -> bool:
    return is_owner(principal, review.customer_id) or works_in(principal, review.store_id)


async def shown(room: Room, principal: Principal, review: Review) -> Reply:
    (view,) = await views(room, [review], whole=sees_whole(principal, review))
    return Reply(data=view, etag=etag(review.version))


async def views(room: Room, found: Sequence[Review], *, whole: bool) -> list[ReviewView]:
    """With their photos and responses."""

    def load(tx: Tx) -> list[ReviewView]:
        ids = [review.id for review in found]
        pictures = photos.stored(tx, [review.id for review in found if review.photos])
        answers = reviews.responses(tx, ids)
        return [
            review_view(review, pictures.get(review.id, []), answers.get(review.id), whole=whole) for review in found
        ]

    return await room.db.read(load) if found else []


async def page_of(
    room: Room, found: Sequence[Review], limit: int, *, whole: bool, key: Any = lambda review: (review.id,)
) -> Reply:
    """`found` may be one more than the page takes: then another follows."""
    taken = found[:limit]
    next_cursor = encode_cursor(*key(taken[-1])) if len(found) > limit else None
    return Reply(data=await views(room, taken, whole=whole), page=True, next_cursor=next_cursor)
