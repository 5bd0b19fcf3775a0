"""authorization.yaml: every route × principal, asked over HTTP, of one process on files and of several on engines."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shikanji.house import SERVICES
from shikanji.sandbox import service as sandbox
from tests.harness import open_shop
from tests.house.cells import differences
from tests.house.matrix import ENDED, ROLES, cells, gaps, read_table
from tests.house.other_words import RECIPES
from tests.house.people import People, assemble, beside
from tests.scaled import Databases, Processes, at_the_counter

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE = read_table()
ROUTES = {route.name: route for service in (*SERVICES, sandbox) for route in service.routes.all}


@pytest.fixture(scope="module", params=["one process", "several processes"])
def opening(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AbstractAsyncContextManager[People]:
    if request.param == "one process":
        return in_one_process(tmp_path_factory.mktemp("shop") / "data")
    return in_several_processes(*request.getfixturevalue("scaled_platform"))


@asynccontextmanager
async def in_one_process(folder: Path) -> AsyncIterator[People]:
    async with open_shop(folder) as shop:
        yield await assemble(shop, shop.platform)


@asynccontextmanager
async def in_several_processes(processes: Processes, databases: Databases) -> AsyncIterator[People]:
    async with at_the_counter(processes, databases) as shop, beside(shop) as operator:
        yield await assemble(shop, operator)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(opening: AbstractAsyncContextManager[People]) -> AsyncIterator[People]:
    async with opening as opened:
        yield opened


async def test_the_table_lists_every_route_and_nothing_else() -> None:
    assert list(gaps(TABLE, ROUTES)) == []
    assert set(RECIPES) == set(TABLE)


async def test_a_gap_in_the_table_is_seen() -> None:
    name = "POST /api/v1/stores"
    row = TABLE[name]
    without = {other: TABLE[other] for other in TABLE if other != name}
    wrong: dict[str, Any] = {
        f"{name} is not in the table": without,
        "GET /gone is no route": {**TABLE, "GET /gone": row},
        f"{name} speaks of ['king']": {**TABLE, name: {**row, "king": "allow"}},
        f"{name} says {{'perhaps'}}": {**TABLE, name: {**row, "admin": "perhaps"}},
        f"{name} leaves open ['admin']": {
            **TABLE,
            name: {"owner": 403, "customer": 403, "staff": 403, "other_store": 403},
        },
    }

    assert {offence: list(gaps(table, ROUTES)) for offence, table in wrong.items()} == {
        offence: [offence] for offence in wrong
    }


async def test_the_narrower_word_wins() -> None:
    row = cells({"signed_in": 404, "staff": 403, "chef": "allow", "other_store": 403, "other_chef": 404})

    assert {row[role] for role in ROLES if role != "chef"} == {403}
    assert (row["chef"], row["other_manager"], row["other_chef"], row["owner"]) == ("allow", 403, 404, 404)
    assert {row["anonymous"], row["internal"], *(row[name] for name in ENDED)} == {401}
    assert cells({"all": "allow"})["internal"] == "allow"
    assert cells({"all": "allow"})["revoked"] == 401


@pytest.mark.parametrize("name", TABLE)
async def test_every_cell_is_answered_as_the_table_says(people: People, name: str) -> None:
    assert await differences(people, name, TABLE[name]) == []
