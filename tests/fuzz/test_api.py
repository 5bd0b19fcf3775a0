"""Schemathesis over the whole OpenAPI document of the running platform: it finds nothing."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shikanji.house import SERVICES
from shikanji.kit.web.routes import Who
from shikanji.sandbox import service as sandbox
from tests.harness import open_shop
from tests.house.people import People, assemble

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNOWN = Path(__file__).parent / "schemathesis.toml"
SEED = 1937

OPENED_TO: dict[str, set[Who]] = {
    "anonymous": {Who.ANYONE},
    "owner": {Who.SIGNED_IN},
    "admin": {Who.STAFF, Who.ADMIN},
}
"""As whom a route is asked all that can be thought of. That guards answer before anything else is read, to everybody
else, is what the table of access is for."""
ENDS_ITS_OWN_SESSION = {"POST /api/v1/auth/logout", "DELETE /api/v1/auth/sessions"}
"""For who has none: the signed-in would hear 401 from then on."""
WHO = {route.name: route.who for service in (*SERVICES, sandbox) for route in service.routes.all}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with open_shop(tmp_path_factory.mktemp("shop") / "data", driven=False) as shop:
        yield await assemble(shop, shop.platform)


@pytest.mark.parametrize("who", OPENED_TO)
async def test_the_fuzzer_finds_nothing(people: People, who: str, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(KNOWN.read_text() + "".join(not_asked(name) for name in WHO if name not in asked_by(who)))

    status, said = await fuzz(people, who, config)

    assert status == 0, said
    assert f"Tested: {len(asked_by(who))}\n" in said


async def test_somebody_asks_every_route() -> None:
    assert sorted(name for who in OPENED_TO for name in asked_by(who)) == sorted(WHO)


def asked_by(who: str) -> set[str]:
    opened = {name for name in WHO if WHO[name] in OPENED_TO[who]}
    return opened | ENDS_ITS_OWN_SESSION if who == "anonymous" else opened - ENDS_ITS_OWN_SESSION


def not_asked(name: str) -> str:
    return f'\n[[operations]]\ninclude-name = "{name}"\nenabled = false\n'


async def fuzz(people: People, who: str, config: Path) -> tuple[int, str]:
    """The exit status and what was said."""
    client = await people.client(who)
    signed_in = [] if client.token is None else ["-H", f"Authorization: Bearer {client.token}"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(config), "run", f"{client.url}/openapi.json"),
        *("--checks=all", "--phases=examples,coverage,fuzzing", f"--seed={SEED}"),
        *("--continue-on-failure", "--no-shrink", "--warnings=off"),
        *signed_in,
        cwd=config.parent,
        env={**os.environ, **{name.upper(): value for name, value in people.things.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()
