"""The shapes of what clients tell, and of the funnel."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from shikanji.kit.web.fields import Id
from shikanji.services.analytics.actions.visits import ClientEvent
from shikanji.services.analytics.model.calendar import Span, day_name
from shikanji.services.analytics.model.funnel import EventName, Stage
from shikanji.services.analytics.schemas.shapes import In, Out

VisitId = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$(?!\n)",
        extra={"form": "8 to 64 letters, digits, - and _"},
    ),
]


class ClientEventIn(In, frozen=True, kw_only=True):
    name: EventName
    store_id: Id | None = None
    product_id: Id | None = None
    order_id: Id | None = None


class TellEvents(In, frozen=True, kw_only=True):
    """`visitId`: made up by the client for one visit, and told to nobody else."""

    visit_id: VisitId
    events: Annotated[list[ClientEventIn], Meta(min_length=1, max_length=50)]


class TakenView(Out, frozen=True, kw_only=True):
    taken: int


class StageView(Out, frozen=True, kw_only=True):
    """`visits` that came so far, once a day and store; `ofFirst` and `ofPrevious`: in basis points (100 = 1 %)."""

    name: str
    visits: int
    events: int
    of_first: int
    of_previous: int


class FunnelView(Out, frozen=True, kw_only=True):
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    stages: list[StageView]


def client_events(body: TellEvents) -> list[ClientEvent]:
    return [ClientEvent(**asdict(each)) for each in body.events]


def funnel_view(found: Sequence[Stage], span: Span) -> FunnelView:
    return FunnelView(
        first=day_name(span.first),
        last=day_name(span.last),
        stages=[StageView(**stage._asdict()) for stage in found],
    )
