"""One review: each change of what it is makes its decision, and what is to be told, in the same small method."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from shikanji.contracts.review import ReviewStatus, ReviewSubmitted
from shikanji.kit.events import Event
from shikanji.services.review.errors import NotBought, TooLate
from shikanji.services.review.model.rating import Subject
from shikanji.services.review.model.screening import STAYS, Finding, fingerprint

Refusal = Literal["spam", "offensive", "personal-data", "off-topic", "fake", "photo", "other"]
"""Why a review is not shown."""
SYSTEM = "system"


class Purchase(msgspec.Struct, frozen=True):
    """What a customer has received with one order."""

    order_id: str
    customer_id: str
    store_id: str
    product_ids: tuple[str, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a review says; its text is clean."""

    rating: int
    text: str


class Decision(NamedTuple):
    """Who let a review be shown or not, and why. `number` is the review's version that it made."""

    number: int
    status: ReviewStatus
    reasons: list[str]
    note: str
    by: str
    at: int


class Review(msgspec.Struct):
    """The columns of its row, in their order (`reasons` as JSON), and what has happened to it since it was loaded.
    `reasons`: why it waits, or why it is rejected; `photos` counts them."""

    id: str
    order_id: str
    product_id: str | None
    store_id: str
    customer_id: str
    rating: int
    text: str
    fingerprint: str
    status: ReviewStatus
    reasons: list[str]
    photos: int
    version: int
    created_at: int
    updated_at: int
    decisions: list[Decision] = msgspec.field(default_factory=list)
    told: list[Event] = msgspec.field(default_factory=list)

    @classmethod
    def submit(
        cls, id: str, purchase: Purchase, product_id: str | None, said: Said, why_wait: Sequence[Finding], at: int
    ) -> "Review":
        """Shown at once where nothing was found. Raises NotBought."""
        if product_id is not None and product_id not in purchase.product_ids:
            raise NotBought("This product was not in the order.")
        review = cls(
            id=id,
            order_id=purchase.order_id,
            product_id=product_id,
            store_id=purchase.store_id,
            customer_id=purchase.customer_id,
            rating=said.rating,
            text=said.text,
            fingerprint=fingerprint(said.text),
            status="pending",
            reasons=[],
            photos=0,
            version=1,
            created_at=at,
            updated_at=at,
        )
        review._screen(why_wait, at)
        review.told.append(review._submitted())
        return review

    @property
    def subject(self) -> Subject:
        return Subject("store", self.store_id) if self.product_id is None else Subject("product", self.product_id)

    @property
    def counted(self) -> int | None:
        """The stars that count in its subject's rating."""
        return self.rating if self.status == "approved" else None

    @property
    def distrusted(self) -> bool:
        """Whether somebody has refused it, and nobody has approved it since."""
        return bool(self._distrust)

    @property
    def _distrust(self) -> Sequence[Finding]:
        if self.status == "rejected":
            return ("edited",)
        return [each for each in STAYS if each in self.reasons]

    def check_editable(self, at: int, edit_time: int) -> None:
        if self.status != "pending" and at > self.created_at + edit_time:
            raise TooLate("A review can be changed while it waits, and for some time after it was written.")

    def edit(self, said: Said, why_wait: Sequence[Finding], at: int) -> bool:
        """Its author says something else; looked at anew. False where it is the same."""
        if (said.rating, said.text) == (self.rating, self.text):
            return False
        findings: list[Finding] = [*why_wait, *self._distrust]
        if self.photos:
            findings.append("photo")
        self.rating, self.text, self.fingerprint = said.rating, said.text, fingerprint(said.text)
        self._next(at)
        self._screen(findings, at)
        return True

    def moderate(
        self, status: Literal["approved", "rejected"], reason: Refusal | None, note: str, by: str, at: int
    ) -> bool:
        """Somebody decides. False where that was decided already."""
        reasons: list[str] = [] if reason is None else [reason]
        if (status, reasons) == (self.status, self.reasons):
            return False
        self._next(at)
        self._decide(status, reasons, note, by, at)
        return True

    def add_photo(self, at: int) -> None:
        """What nobody has seen yet is shown to nobody."""
        self.photos += 1
        self._next(at)
        waits = self.reasons if self.status == "pending" else self._distrust
        self._decide("pending", [*(each for each in waits if each != "photo"), "photo"], "", SYSTEM, at)

    def remove_photo(self, at: int) -> None:
        """With the last of them goes what there was to look at in them."""
        self.photos -= 1
        self._next(at)
        if self.status == "pending" and not self.photos:
            left = [each for each in self.reasons if each != "photo"]
            self._decide("pending" if left else "approved", left, "", SYSTEM, at)

    def be_answered(self) -> None:
        """What the store says to it changed: whoever has read it has an old version."""
        self.version += 1

    def _screen(self, why_wait: Sequence[Finding], at: int) -> None:
        self._decide("pending" if why_wait else "approved", list(why_wait), "", SYSTEM, at)

    def _next(self, at: int) -> None:
        self.version += 1
        self.updated_at = at

    def _decide(self, status: ReviewStatus, reasons: list[str], note: str, by: str, at: int) -> None:
        self.status, self.reasons = status, reasons
        self.decisions.append(Decision(self.version, status, reasons, note, by, at))

    def _submitted(self) -> ReviewSubmitted:
        return ReviewSubmitted(
            review_id=self.id,
            product_id=self.product_id,
            order_id=self.order_id,
            store_id=self.store_id,
            customer_id=self.customer_id,
            rating=self.rating,
            status=self.status,
        )
