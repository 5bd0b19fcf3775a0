"""Reviews in the database: once each, only of what was received, and the rating always exact."""

import asyncio
from typing import Any

import pytest

from shikanji.kit.clock import DAY
from shikanji.kit.errors import PreconditionFailed, Problem
from shikanji.kit.ids import first_id
from shikanji.services.review.actions import photos, reviews
from shikanji.services.review.errors import (
    AlreadyReviewed,
    ManyReviews,
    NoResponse,
    NotBought,
    OrderNotFound,
    ReviewNotFound,
    TooLate,
)
from shikanji.services.review.repository import purchases, refused
from shikanji.services.review.repository import reviews as kept
from shikanji.services.review.settings import ReviewSettings
from tests.kit.databases import OpenDatabase
from tests.services.review.makers import (
    ASHA,
    HERE,
    LASSI,
    NOON,
    NOWHERE,
    RAVI,
    SHIKANJI,
    check_ratings,
    completed,
    deliver,
    delivered,
    moderate,
    order,
    purchase,
    rating,
    said,
    submit,
    told,
)

ENGINES = ["sqlite", "postgres"]


async def test_a_clean_review_is_shown_at_once_and_counts(base: OpenDatabase) -> None:
    review = await submit(base, rating=4, text="  Tastes like Modinagar.  ")

    assert (review.status, review.text) == ("approved", "Tastes like Modinagar.")
    assert rating(base) == (1, 4)
    (event,) = told(base, "ReviewSubmitted")
    assert (event["productId"], event["rating"], event["status"]) == (SHIKANJI, 4, "approved")
    check_ratings(base)


async def test_a_product_is_reviewed_once_an_order(base: OpenDatabase) -> None:
    await submit(base, 1)

    with pytest.raises(AlreadyReviewed):
        await submit(base, 1)
    await submit(base, 2)
    await submit(base, 1, product=LASSI)

    assert (rating(base), rating(base, LASSI)) == ((2, 10), (1, 5))


async def test_an_order_is_reviewed_once_and_counts_for_its_store(base: OpenDatabase) -> None:
    await submit(base, 1, product=None, rating=3)

    with pytest.raises(AlreadyReviewed):
        await submit(base, 1, product=None)

    assert (rating(base, HERE), rating(base)) == ((1, 3), (0, 0))
    (event,) = told(base, "RatingUpdated")
    assert (event["productId"], event["storeId"], event["meanHundredths"]) == (None, HERE, 300)


async def test_of_many_at_once_one_is_written(base: OpenDatabase) -> None:
    outcomes = await asyncio.gather(*(submit(base) for _ in range(6)), return_exceptions=True)

    assert sum(isinstance(outcome, AlreadyReviewed) for outcome in outcomes) == 5
    check_ratings(base)


async def test_ratings_stay_exact_when_many_move_them_at_once(base: OpenDatabase) -> None:
    written = await asyncio.gather(*(submit(base, number, rating=1 + number % 5) for number in range(12)))

    await asyncio.gather(
        *(moderate(base, review.id, "rejected", "spam") for review in written[:4]),
        *(base.write(reviews.edit_review, review.id, said(2), None) for review in written[4:8]),
        *(base.write(reviews.delete_review, review.id, ASHA, None) for review in written[8:10]),
    )

    assert rating(base)[0] == 6
    check_ratings(base)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"customer": RAVI}, OrderNotFound),
        ({"at": NOON - 61 * DAY}, TooLate),
    ],
)
async def test_only_ones_own_order_is_reviewed_and_in_time(
    base: OpenDatabase, changes: dict[str, Any], refusal: type[Problem]
) -> None:
    with pytest.raises(refusal):
        await base.write(reviews.submit_review, ASHA, purchase(**changes), SHIKANJI, said(), limited=True)

    assert base.events() == []


async def test_what_was_not_in_the_order_is_not_reviewed(base: OpenDatabase) -> None:
    with pytest.raises(NotBought):
        await submit(base, product=NOWHERE)


async def test_who_writes_too_much_in_a_day_goes_on_tomorrow(base: OpenDatabase) -> None:
    most = ReviewSettings().reviews_per_day
    for number in range(most):
        await submit(base, number)

    with pytest.raises(ManyReviews) as refused:
        await submit(base, most)
    await submit(base, most, limited=False)
    await submit(base, most + 1, customer=RAVI)
    base.clock.advance(DAY)
    await submit(base, most + 2)

    assert refused.value.retry_after_seconds is not None
    assert 0 < refused.value.retry_after_seconds <= 86_400


async def test_what_somebody_should_see_first_waits_and_counts_when_it_is_approved(base: OpenDatabase) -> None:
    review = await submit(base, text="Call me: 98765 43210")
    assert (review.status, review.reasons, rating(base)) == ("pending", ["contact"], (0, 0))

    approved = await moderate(base, review.id, "approved", note="his own shop")

    assert (approved.status, approved.reasons, rating(base)) == ("approved", [], (1, 5))
    log = await base.read(kept.decisions, review.id)
    assert [(each.number, each.status, each.reasons, each.note, each.by) for each in log] == [
        (2, "approved", [], "his own shop", "manager"),
        (1, "pending", ["contact"], "", "system"),
    ]
    check_ratings(base)


async def test_a_decision_that_was_made_already_changes_nothing(base: OpenDatabase) -> None:
    review = await submit(base)
    await moderate(base, review.id, "rejected", "fake")

    again = await moderate(base, review.id, "rejected", "fake")
    other = await moderate(base, review.id, "rejected", "spam")

    assert (again.version, other.version) == (2, 3)
    assert len(told(base, "RatingUpdated")) == 2
    check_ratings(base)


async def test_what_is_said_again_waits(base: OpenDatabase) -> None:
    text = "The best shikanji in the whole of Bengaluru!"
    first = await submit(base, 1, text=text)

    second = await submit(base, 2, text=text.upper()[:-1] + " ...", customer=RAVI)
    short = [await submit(base, number, text="Very good") for number in (3, 4)]

    assert (first.status, second.status, second.reasons) == ("approved", "pending", ["shouting", "repeated"])
    assert [review.status for review in short] == ["approved", "approved"]


async def test_an_edited_review_is_looked_at_anew(base: OpenDatabase) -> None:
    review = await submit(base, rating=5, text="Good.")

    same = await base.write(reviews.edit_review, review.id, said(5, "Good. "), None)
    other = await base.write(reviews.edit_review, review.id, said(2, "Not good."), None)
    assert (same.version, other.status, rating(base)) == (1, "approved", (1, 2))
    worse = await base.write(reviews.edit_review, review.id, said(1, "see www.better.example"), None)
    assert (worse.status, worse.reasons, rating(base)) == ("pending", ["link"], (0, 0))
    await moderate(base, review.id, "rejected", "spam")
    tamed = await base.write(reviews.edit_review, review.id, said(1, "Bad."), None)

    assert (tamed.status, tamed.reasons) == ("pending", ["edited"])
    check_ratings(base)


async def test_what_was_rejected_is_shown_only_after_somebody_has_looked_however_often_it_is_edited(
    base: OpenDatabase,
) -> None:
    review = await submit(base, text="Good.")
    await moderate(base, review.id, "rejected", "fake")

    for text in ("Very good.", "Good."):
        review = await base.write(reviews.edit_review, review.id, said(5, text), None)
        assert (review.status, review.reasons) == ("pending", ["edited"])
    await moderate(base, review.id, "approved")
    review = await base.write(reviews.edit_review, review.id, said(4, "Good enough."), None)

    assert review.status == "approved"
    check_ratings(base)


async def test_a_photo_on_what_was_rejected_does_not_make_it_forgotten(base: OpenDatabase) -> None:
    review = await submit(base, text="Good.")
    await moderate(base, review.id, "rejected", "fake")
    photo = await base.write(photos.begin_photo, review.id, source="a", avif="a-a", webp="a-w", width=8, height=4)
    review = await base.write(photos.keep_photo, review.id, photo.id)
    assert (review.status, review.reasons) == ("pending", ["edited", "photo"])

    await base.write(photos.remove_photo, review.id, photo.id)
    review = await base.write(reviews.edit_review, review.id, said(5, "Very good."), None)

    assert (review.status, review.reasons) == ("pending", ["edited"])


@pytest.mark.parametrize("product", [SHIKANJI, None])
@pytest.mark.parametrize("by", ["its author", "head office"])
async def test_what_was_refused_and_taken_away_waits_when_it_is_written_again(
    base: OpenDatabase, product: str | None, by: str
) -> None:
    review = await submit(base, product=product, text="Good.")
    if by == "its author":
        await moderate(base, review.id, "rejected", "fake")
    await base.write(reviews.delete_review, review.id, ASHA if by == "its author" else "admin", None)

    again = await submit(base, product=product, text="Good.")
    other = await submit(base, product=LASSI, text="Good.")
    edited = await base.write(reviews.edit_review, again.id, said(5, "Very good."), None)

    assert (again.status, again.reasons, other.status) == ("pending", ["refused"], "approved")
    assert (edited.status, edited.reasons) == ("pending", ["refused"])
    await base.write(reviews.delete_review, again.id, ASHA, None)
    assert (await submit(base, product=product)).status == "pending"


async def test_a_review_that_was_looked_at_is_changed_for_some_time_only(base: OpenDatabase) -> None:
    shown, waiting = await submit(base, 1), await submit(base, 2, text="www.example.in")
    base.clock.advance(31 * DAY)

    with pytest.raises(TooLate):
        await base.write(reviews.edit_review, shown.id, said(1), None)
    changed = await base.write(reviews.edit_review, waiting.id, said(1, "Sorry."), None)

    assert changed.status == "approved"


async def test_who_edits_an_old_version_is_told(base: OpenDatabase) -> None:
    review = await submit(base)
    await base.write(reviews.respond, review.id, "Thank you!", "manager", '"1"')

    for change in (
        lambda: base.write(reviews.edit_review, review.id, said(1), '"1"'),
        lambda: base.write(reviews.delete_review, review.id, ASHA, '"1"'),
        lambda: base.write(reviews.respond, review.id, "Thanks", "manager", '"1"'),
        lambda: base.write(reviews.moderate_review, review.id, "rejected", "spam", "", "manager", '"1"'),
    ):
        with pytest.raises(PreconditionFailed):
            await change()


async def test_a_store_answers_once_and_may_say_it_better(base: OpenDatabase) -> None:
    review = await submit(base)
    await base.write(reviews.respond, review.id, "Thank you!", "manager", None)
    await base.write(reviews.respond, review.id, "Thank you, Asha!", "support", None)

    (answer,) = (await base.read(kept.responses, [review.id])).values()
    assert (answer.text, answer.by) == ("Thank you, Asha!", "support")
    await base.write(reviews.take_response_back, review.id, None)
    with pytest.raises(NoResponse):
        await base.write(reviews.take_response_back, review.id, None)


async def test_a_deleted_review_is_gone_with_all_that_belongs_to_it(base: OpenDatabase) -> None:
    review = await submit(base)
    await base.write(reviews.respond, review.id, "Thank you!", "manager", None)

    await base.write(reviews.delete_review, review.id, ASHA, None)

    with pytest.raises(ReviewNotFound):
        await base.read(kept.find, review.id)
    assert base.query("SELECT 1 FROM review_decisions UNION ALL SELECT 1 FROM review_responses") == []
    assert rating(base) == (0, 0)
    check_ratings(base)
    await submit(base)


async def test_what_was_handed_over_is_known_however_it_is_told(base: OpenDatabase) -> None:
    await deliver(base, completed(2), delivered(1), delivered(1), completed(1), delivered(3))
    await deliver(base, delivered(1), completed(3))

    known = base.query("SELECT order_id FROM purchases ORDER BY 1")
    assert [row[0] for row in known] == [order(1), order(2), order(3)]
    assert await base.read(purchases.find, order(1)) == purchase(1)
    assert await base.read(purchases.find, order(4)) is None


async def test_what_cannot_be_reviewed_any_more_is_forgotten_and_does_not_come_back(base: OpenDatabase) -> None:
    old = NOON - 61 * DAY
    await deliver(base, delivered(1))
    await base.write(reviews.delete_review, (await submit(base, 1)).id, "admin", None)
    base.clock.advance(10 * DAY)
    await deliver(base, delivered(2), delivered(3, order_id=order(3, old)))
    base.clock.advance(51 * DAY)
    await deliver(base, delivered(4, order_id=order(4, NOON + 60 * DAY)))

    before = first_id(base.clock.now() - ReviewSettings().window)
    forgotten = [await base.write(purchases.forget_before, before, 1) for _ in range(3)]

    assert forgotten == [1, 1, 0]
    assert [row[0] for row in base.query("SELECT order_id FROM purchases")] == [order(4, NOON + 60 * DAY)]
    assert await base.write(refused.forget_before, before, 10) == 1
    assert base.query("SELECT order_id FROM refused") == []
