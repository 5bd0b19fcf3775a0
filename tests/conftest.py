"""Fixtures that every suite may use."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from shikanji.engines import Engines
from tests.engines.postgres import PostgresServer
from tests.harness import Shop, open_shop

# A busy machine must not make a test fail that no change broke.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("house")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """The whole platform with the demo data; nothing happens behind the requests until `shop.settle()`."""
    async with open_shop(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """The real servers, each started when a test first needs it: `engines.need("nats")` gives its URLs. Without syncing
    to the disk: only for suites that time nothing and break nothing; who kills or wipes one starts his own."""
    with TemporaryDirectory(prefix="shikanji-engines-") as folder, Engines(Path(folder), (), durable=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server(engines: Engines) -> PostgresServer:
    """One server for every suite that also runs on PostgreSQL."""
    engines.need("postgres")
    return PostgresServer(engines.postgres)
