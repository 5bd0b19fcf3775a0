"""The document of all events, from what services publish and receive."""

from dataclasses import replace
from typing import ClassVar

import msgspec
import pytest
import sqlalchemy as sa

from shikanji.kit.asyncapi import UnknownEvent, asyncapi
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event, Subscribers
from shikanji.kit.service import Service
from shikanji.kit.web.routes import Routes


class TeaBrewed(Event, frozen=True, kw_only=True):
    """A tea is ready."""

    aggregate: ClassVar[str] = "tea_id"
    tea_id: str
    cup_count: int


class TeaPoured(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "tea_id"
    tea_id: str


class TeaSpilt(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "tea_id"
    tea_id: str


class _Settings(msgspec.Struct):
    pass


def make_service(
    name: str, *, publishes: tuple[type[Event], ...] = (), receives: tuple[type[Event], ...] = ()
) -> Service:
    subscribers = Subscribers()
    for kind in receives:
        subscribers.on(kind)(_ignore)
    return Service(
        name=name,
        metadata=sa.MetaData(),
        migrations="",
        routes=Routes(name),
        publishes=publishes,
        subscribers=subscribers,
        settings=_Settings,
    )


def _ignore(tx: Tx, event: Event) -> None:
    pass


KITCHEN = make_service("kitchen", publishes=(TeaBrewed, TeaPoured))
HALL = make_service("hall", receives=(TeaBrewed,))


def keeper_of(*kinds: type[Event]) -> Service:
    subscribers = Subscribers()
    subscribers.on_every(kinds)(lambda tx, envelopes: None)
    return replace(make_service("archive"), subscribers=subscribers)


def test_who_keeps_every_event_is_not_told_of_those_that_nobody_publishes_yet() -> None:
    document = asyncapi([HALL, KITCHEN, keeper_of(TeaBrewed, TeaPoured, TeaSpilt)], title="Tea", version="1")

    assert [name for name in document["operations"] if name.startswith("archive")] == [
        "archive.receive.TeaBrewed",
        "archive.receive.TeaPoured",
    ]


def test_each_event_is_a_channel_with_its_envelope() -> None:
    document = asyncapi([KITCHEN, HALL], title="Tea", version="1")

    assert list(document["channels"]) == ["TeaBrewed", "TeaPoured"]
    assert document["channels"]["TeaBrewed"]["address"] == "kitchen.TeaBrewed"
    message = document["components"]["messages"]["TeaBrewed"]
    assert message["summary"] == "A tea is ready."
    assert message["payload"]["properties"]["data"] == {"$ref": "#/components/schemas/TeaBrewed"}
    assert set(document["components"]["schemas"]["TeaBrewed"]["properties"]) == {"teaId", "cupCount"}
    assert "summary" not in document["components"]["messages"]["TeaPoured"]


def test_operations_say_who_sends_and_who_receives() -> None:
    document = asyncapi([KITCHEN, HALL], title="Tea", version="1")

    assert {name: operation["action"] for name, operation in document["operations"].items()} == {
        "hall.receive.TeaBrewed": "receive",
        "kitchen.send.TeaBrewed": "send",
        "kitchen.send.TeaPoured": "send",
    }


def test_the_document_does_not_depend_on_the_order_of_services() -> None:
    one = asyncapi([KITCHEN, HALL], title="Tea", version="1")
    other = asyncapi([HALL, KITCHEN], title="Tea", version="1")

    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi([KITCHEN, HALL], title="Tea", version="1")

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            here = [str(node["$ref"])] if "$ref" in node else []
            return here + [found for below in node.values() for found in references(below)]
        if isinstance(node, list):
            return [found for below in node for found in references(below)]
        return []

    for reference in references(document):
        place: object = document
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict)
            place = place[step]


def test_receiving_what_nobody_publishes_is_an_error() -> None:
    with pytest.raises(UnknownEvent, match="hall receives TeaBrewed"):
        asyncapi([HALL], title="Tea", version="1")
