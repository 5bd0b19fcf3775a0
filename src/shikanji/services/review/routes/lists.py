"""Lists of reviews, and ratings."""

from typing import Any

from shikanji.kit.errors import Invalid, NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_account
from shikanji.kit.web.pages import PageQuery, decode_cursor
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.review.model.rating import Subject
from shikanji.services.review.model.review import Review
from shikanji.services.review.repository import ratings, reviews
from shikanji.services.review.repository.reviews import Sort, Wanted
from shikanji.services.review.routes.declared import routes
from shikanji.services.review.routes.views import page_of
from shikanji.services.review.schemas import ListReviews, RatingView, ReviewView, rating_view


@routes.get(
    "/api/v1/reviews/product/{productId}",
    query=ListReviews,
    returns=list[ReviewView],
    page=True,
    who=Who.ANYONE,
    cache_seconds=5,
    raises=[Invalid],
)
async def list_of_product(room: Room, incoming: Incoming[None, ListReviews]) -> Reply:
    """What is said of a product; the newest first, or by stars. A product that is not known has none."""
    return await _shown(room, Subject("product", incoming.path["productId"]), incoming.query)


@routes.get("/api/v1/reviews/product/{productId}/summary", returns=RatingView, who=Who.ANYONE, cache_seconds=5)
async def rating_of_product(room: Room, incoming: Incoming[None, None]) -> RatingView:
    """A product's rating."""
    return rating_view(await room.db.read(ratings.find, Subject("product", incoming.path["productId"])))


@routes.get(
    "/api/v1/reviews/store/{storeId}",
    query=ListReviews,
    returns=list[ReviewView],
    page=True,
    who=Who.ANYONE,
    cache_seconds=5,
    raises=[Invalid],
)
async def list_of_store(room: Room, incoming: Incoming[None, ListReviews]) -> Reply:
    """What is said of whole orders of a store; the newest first, or by stars."""
    return await _shown(room, Subject("store", incoming.path["storeId"]), incoming.query)


@routes.get("/api/v1/reviews/store/{storeId}/summary", returns=RatingView, who=Who.ANYONE, cache_seconds=5)
async def rating_of_store(room: Room, incoming: Incoming[None, None]) -> RatingView:
    """A store's rating: by the reviews of its orders."""
    return rating_view(await room.db.read(ratings.find, Subject("store", incoming.path["storeId"])))


@routes.get(
    "/api/v1/reviews/customer/{customerId}",
    query=PageQuery,
    returns=list[ReviewView],
    page=True,
    who=Who.SIGNED_IN,
    raises=[NotFound, Invalid],
)
async def list_of_customer(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """All that a customer has written, newest first: for the customer and head office."""
    require_account(incoming.principal, incoming.path["customerId"])
    key, limit = decode_cursor(incoming.query.cursor, str), incoming.query.limit
    before = None if key is None else key[0]
    found = await room.db.read(reviews.of_customer, incoming.path["customerId"], before, limit + 1)
    return await page_of(room, found, limit, whole=True)


async def _shown(room: Room, subject: Subject, query: ListReviews) -> Reply:
    kinds = (str,) if query.sort == "newest" else (int, str)
    wanted = Wanted(
        subject=subject,
        sort=query.sort,
        rating=query.rating,
        with_photos=query.with_photos,
        after=decode_cursor(query.cursor, *kinds),
        limit=query.limit + 1,
    )
    found = await room.db.read(reviews.shown, wanted)
    return await page_of(room, found, query.limit, whole=False, key=_key(query.sort))


def _key(sort: Sort) -> Any:
    def of(review: Review) -> tuple[Any, ...]:
        return (review.id,) if sort == "newest" else (review.rating, review.id)

    return of
