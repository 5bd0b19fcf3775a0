"""The blueprint, complete: every API and event of it is in the documents that clients and services read, with the
publisher and the consumers that it names. That each of them works is shown by tests/scenarios/test_blueprint.py."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from shikanji.house import SERVICES, asyncapi_json, openapi_json
from tests.house.blueprint import ALL, API, APIS, BLUEPRINT, EVENTS, Boundary
from tests.house.sources import ROOT

OPENAPI: Any = msgspec.json.decode(openapi_json(SERVICES, "http://shop.test"))
ASYNCAPI: Any = msgspec.json.decode(asyncapi_json())
TAGS = {service.name: service.routes.tag for service in SERVICES}
PAGE = (ROOT / "docs" / "events.md").read_text()


def missing_apis(blueprint: Mapping[str, Boundary], openapi: Any) -> Iterator[str]:
    """APIs that are not in the document, or under another service's name."""
    for service, boundary in blueprint.items():
        for name in boundary.apis:
            method, path = name.split()
            operation = openapi["paths"].get(API + path, {}).get(method.lower())
            if operation is None or operation["tags"] != [TAGS[service]]:
                yield name


def missing_events(blueprint: Mapping[str, Boundary], asyncapi: Any) -> Iterator[str]:
    """What a service should send or receive and, by the document, does not."""
    published = list(asyncapi["channels"])
    for service, boundary in blueprint.items():
        wanted = [f"{service}.send.{name}" for name in boundary.publishes]
        wanted += [f"{service}.receive.{name}" for name in sorted(boundary.hears(published))]
        yield from (operation for operation in wanted if operation not in asyncapi["operations"])


def missing_in_the_page(blueprint: Mapping[str, Boundary], page: str) -> Iterator[str]:
    """Events that docs/events.md has not under their publisher, and consumers that it does not name."""
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    heard = dict(re.findall(r"^### (\w+)\n.*?^Heard by: (.*?)\.$", page, re.DOTALL | re.MULTILINE))
    for service, boundary in blueprint.items():
        yield from (name for name in boundary.publishes if f"### {name}\n" not in sections[service])
        for name in sorted(boundary.hears(list(heard))):
            if service not in heard.get(name, "").split(", "):
                yield f"{name} → {service}"


def test_every_api_of_the_blueprint_is_in_openapi() -> None:
    assert len(APIS) == len(set(APIS)) == 50
    assert list(missing_apis(BLUEPRINT, OPENAPI)) == []


def test_every_event_of_the_blueprint_is_in_asyncapi_with_its_publisher_and_its_consumers() -> None:
    assert len(EVENTS) == len(set(EVENTS)) == 35
    assert list(missing_events(BLUEPRINT, ASYNCAPI)) == []


def test_the_events_page_shows_publishers_and_consumers() -> None:
    assert list(missing_in_the_page(BLUEPRINT, PAGE)) == []


def test_the_blueprint_has_a_line_for_every_service() -> None:
    assert set(BLUEPRINT) == {service.name for service in SERVICES}


def boundary(apis: Sequence[str] = (), publishes: Sequence[str] = (), consumes: Any = ()) -> Mapping[str, Boundary]:
    return {"store": Boundary(apis=tuple(apis), publishes=tuple(publishes), consumes=consumes or {})}


@pytest.mark.parametrize("name", ["PATCH /stores", "GET /shops", "GET /products"])
def test_an_api_that_is_not_there_or_anothers_is_seen(name: str) -> None:
    assert list(missing_apis(boundary([name]), OPENAPI)) == [name]


@pytest.mark.parametrize(
    ("publishes", "consumes", "missed"),
    [
        (["StoreBurnt"], {}, {"store.send.StoreBurnt"}),
        (["OrderCreated"], {}, {"store.send.OrderCreated"}),
        ([], {"PaymentCompleted": "to be glad"}, {"store.receive.PaymentCompleted"}),
    ],
)
def test_an_event_that_is_not_sent_or_not_heard_is_seen(
    publishes: list[str], consumes: dict[str, str], missed: set[str]
) -> None:
    assert set(missing_events(boundary((), publishes, consumes), ASYNCAPI)) == missed
    assert len(list(missing_in_the_page(boundary((), publishes, consumes), PAGE))) == 1


def test_who_should_hear_all_and_does_not_is_seen() -> None:
    assert "store.receive.PointsEarned" in set(missing_events(boundary(consumes=ALL), ASYNCAPI))
