"""Fixtures that every suite may use."""

import gc
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from xdist.remote import Producer

from shikanji.engines import Engines
from shikanji.kit.files import S3Access
from tests.command_line import shikanji
from tests.distribution import Sharing
from tests.engines.buckets import access_of, moto_server
from tests.engines.postgres import PostgresServer
from tests.harness import Shop, open_shop
from tests.scaled import (
    Databases,
    OneProcessOnEngines,
    Processes,
    ScaledShop,
    at_the_counter,
    engines_of_its_own,
    environment,
    settings,
)

# A busy machine must not make a test fail that no change broke.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What has been imported by now stays to the end: collections of garbage need not go through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Libraries look at their end whether something of theirs was left over."""
    gc.unfreeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    return Sharing(config, log)


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


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Access]:
    with moto_server() as access:
        yield access


@pytest.fixture
def seaweed(engines: Engines) -> S3Access:
    engines.need("s3")
    return access_of(engines.s3)


@pytest.fixture(scope="session")
def scaled_platform(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Processes, Databases]]:
    """`up --scaled` with two orders and two gateways, started when a test first asks for it, for all that come after.
    Who kills more of it than a copy that comes again starts his own. In the end all is accounted for."""
    folder = tmp_path_factory.mktemp("scaled")
    with engines_of_its_own(engines, folder, "scaled") as urls:
        processes = Processes(environment(folder / "data", urls), "--copies", "order=2,gateway=2")
        try:
            processes.listen("Ctrl-C stops it")
            databases = Databases(urls["SHIKANJI_DATABASE_URL"])
            yield processes, databases
            databases.close()
            audit = shikanji("audit", "--settle", folder=folder / "data", **settings(urls))
            assert audit.code == 0, audit.out + audit.err
        finally:
            processes.end(signal.SIGTERM)


@pytest.fixture
async def scaled_shop(scaled_platform: tuple[Processes, Databases]) -> AsyncIterator[ScaledShop]:
    """The platform as several processes. It goes on from test to test: look at what is your own."""
    async with at_the_counter(*scaled_platform) as opened:
        yield opened


@pytest.fixture(scope="session")
def on_engines(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcessOnEngines]:
    """For what needs time to pass: the engines, and one process whose clock the test moves. It has one set of databases
    for all that ask for it: look at what is your own."""
    folder = tmp_path_factory.mktemp("on-engines")
    with engines_of_its_own(engines, folder, "alone") as urls:
        yield OneProcessOnEngines(folder / "data", urls)
