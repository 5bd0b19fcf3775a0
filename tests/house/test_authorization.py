"""authorization.yaml: every route × principal, asked over HTTP; and that the table notices a guard that is gone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from shikanji.house import SERVICES
from shikanji.kit.auth import Principal
from shikanji.kit.service import Service
from shikanji.kit.web.app import service_app
from shikanji.kit.web.routes import Route, Routes, Who
from shikanji.sandbox import service as sandbox
from tests.harness import Client, open_shop
from tests.house.people import IDENTIFIERS, PRINCIPALS, SECOND_ADMIN, People, assemble, sign_in
from tests.house.requests import RECIPES
from tests.serving import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

Table = Mapping[str, Mapping[str, Any]]
TABLE: Table = yaml.safe_load((Path(__file__).parent / "authorization.yaml").read_text())
ROUTES = {route.name: route for service in (*SERVICES, sandbox) for route in service.routes.all}
PROTECTED = sorted(name for name, route in ROUTES.items() if route.who is not Who.ANYONE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with open_shop(tmp_path_factory.mktemp("shop") / "data") as shop:
        yield await assemble(shop)


async def differences(people: People, name: str, table: Table = TABLE, url: str = "") -> list[str]:
    """What is answered otherwise than the table says; `url`: asked there instead of at the front door."""
    found = []
    for principal in PRINCIPALS:
        expected = table[name][principal]
        asked = await RECIPES[name](people)
        client = await people.client(principal)
        there = Client(client.http, url or client.url, client.token)
        answer = await there.request(name.split()[0], asked.path, json=asked.body)
        if asked.ends_session:
            people.forget(principal)
        allowed = 200 <= answer.status < 300 or answer.status in asked.refused
        if not (allowed if expected == "allow" else answer.status == expected):
            found.append(f"{name} as {principal}: {expected} expected, {answer.status} answered: {answer.body}")
    return found


def gaps(table: Table, routes: Sequence[str]) -> list[str]:
    """Routes without a line, lines without a route, and cells that are missing or say what is no answer."""
    missing = [f"{name} is not in the table" for name in routes if name not in table]
    idle = [f"{name} is no route" for name in table if name not in routes]
    unequal = [f"{name} needs one cell for each principal" for name in table if set(table[name]) != set(PRINCIPALS)]
    wrong = [f"{name} says {set(row.values())}" for name, row in table.items() if set(row.values()) - ANSWERS]
    return missing + idle + unequal + wrong


ANSWERS = {"allow", 401, 403, 404}


async def test_the_table_lists_every_route_and_nothing_else() -> None:
    assert gaps(TABLE, list(ROUTES)) == []
    assert gaps(TABLE, list(RECIPES)) == []


async def test_a_gap_in_the_table_is_seen() -> None:
    name, row = next(iter(TABLE.items()))
    without = {other: TABLE[other] for other in TABLE if other != name}

    assert gaps(without, list(ROUTES)) == [f"{name} is not in the table"]
    assert gaps({**TABLE, "GET /gone": row}, list(ROUTES)) == ["GET /gone is no route"]
    assert len(gaps({**TABLE, name: {"admin": "allow"}}, list(ROUTES))) == 1
    assert len(gaps({**TABLE, name: {**row, "admin": "perhaps"}}, list(ROUTES))) == 1


@pytest.mark.parametrize("name", ROUTES)
async def test_every_cell_is_answered_as_the_table_says(people: People, name: str) -> None:
    assert await differences(people, name) == []


async def test_nothing_opens_to_an_ended_session_or_a_disabled_account(people: People) -> None:
    ended, disabled = [await sign_in(people.shop, SECOND_ADMIN) for _ in range(2)]
    assert (await ended.get("/api/v1/customers")).status == 200
    await ended.post("/api/v1/auth/logout")
    await people.as_admin("PUT", f"/customers/{disabled.id}/access", {"disabled": True})

    answered = {}
    for name in PROTECTED:
        asked = await RECIPES[name](people)
        for who, client in (("ended", ended), ("disabled", disabled)):
            answered[name, who] = (await client.request(name.split()[0], asked.path, json=asked.body)).status

    assert {cell: status for cell, status in answered.items() if status != 401} == {}


# Each takes one guard away: the route's own, the check of a role, the check of an owner.
GUARDS = {
    "PUT /api/v1/orders/{id}/status": "who",
    "GET /api/v1/customers": "who",
    "GET /api/v1/tax-classes": "who",
    "PUT /api/v1/inventory/{productId}/adjust": "scope",
    "GET /api/v1/orders/{id}": "scope",
    "POST /api/v1/payments/{id}/refund": "scope",
    "GET /api/v1/customers/{id}/addresses": "scope",
    "GET /api/v1/loyalty/customer/{customerId}": "scope",
    "POST /api/v1/campaigns": "who",
}


@pytest.mark.parametrize(("name", "guard"), GUARDS.items())
async def test_a_guard_that_is_gone_is_noticed(people: People, name: str, guard: str) -> None:
    service = next(service for service in SERVICES if name in {route.name for route in service.routes.all})
    weakened = without_guard(service, name, guard)

    async with serving(service_app(people.shop.platform.rooms[service.name], weakened)) as url:
        found = await differences(people, name, url=url)

    assert found != []


def without_guard(service: Service, name: str, guard: str) -> Service:
    """The service with one route that asks nobody who he is, or takes everybody for head office."""
    routes = Routes(service.routes.tag)
    routes.all = [
        route if route.name != name else open_to_all(route) if guard == "who" else as_head_office(route)
        for route in service.routes.all
    ]
    return replace(service, routes=routes)


def open_to_all(route: Route) -> Route:
    return replace(route, who=Who.ANYONE)


def as_head_office(route: Route) -> Route:
    async def endpoint(room: Any, incoming: Any) -> Any:
        principal = incoming.principal
        promoted = Principal(account_id=principal.account_id, session_id=principal.session_id, admin=True)
        values = {field: getattr(incoming, field) for field in incoming.__struct_fields__}
        return await route.endpoint(room, type(incoming)(**{**values, "principal": promoted}))

    return replace(route, endpoint=endpoint)


async def test_everyone_of_the_table_is_there(people: People) -> None:
    assert set(PRINCIPALS) == {"anonymous", *IDENTIFIERS}
    assert len({(await people.client(principal)).id for principal in IDENTIFIERS}) == len(IDENTIFIERS)
