"""`shikanji serve` and `up --scaled` before anything runs: what they need, and what they say when it is not there."""

import socket
from pathlib import Path

import pytest

from shikanji.engines import Engines
from shikanji.house import SERVICES
from tests.command_line import shikanji

ENGINES = {
    "database_url": "postgresql://nobody@127.0.0.1:1/{service}",
    "bus_url": "nats://127.0.0.1:1",
    "cache_url": "valkey://127.0.0.1:1",
}
NAMES = [service.name for service in SERVICES]
OTHERS = ";".join(f"{name}=http://127.0.0.1:1" for name in NAMES)
ALL_BUT_ORDER = ", ".join(name for name in NAMES if name != "order")
AMONG_OTHERS = {**ENGINES, "copies": f"{OTHERS};sandbox=http://127.0.0.1:1", "public_url": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["serve"], {}, "Say what to serve"),
        (["serve", "order", "kitchen"], ENGINES, "There is no service kitchen; there are customer, store"),
        (["serve", "order"], {}, "Set SHIKANJI_DATABASE_URL=postgresql://…/{service}, SHIKANJI_BUS_URL=nats://…"),
        (
            ["serve", "order"],
            {**ENGINES, "cache_url": "memory:"},
            "Set SHIKANJI_CACHE_URL=valkey://…. `shikanji engines",
        ),
        (["serve", "order"], ENGINES, f"SHIKANJI_COPIES must say where {ALL_BUT_ORDER} run"),
        (["serve", "order"], {**ENGINES, "copies": OTHERS}, "SHIKANJI_PUBLIC_URL must say where clients reach"),
        (["serve", "order"], {**AMONG_OTHERS, "copies": f"{OTHERS};kitchen=http://k"}, "There is no service kitchen"),
        (
            ["serve", "order"],
            {**AMONG_OTHERS, "copies": f"{OTHERS};sandbox=http://k:99999"},
            "http://k:99999, of sandbox",
        ),
        (["serve", "order", "--port", "0"], AMONG_OTHERS, "The database of order"),
        (["serve", "gateway", "--port", "0"], {**ENGINES, "copies": OTHERS}, "must say where sandbox run"),
        (["up", "--scaled"], {}, "`shikanji engines up` starts them on this machine"),
        (["up", "--scaled", "--copies", "kitchen=2"], ENGINES, "--copies: there is no service kitchen"),
        (["up", "--scaled", "--copies", "order=17"], ENGINES, "--copies: order must be 1 to 16"),
        (["up", "--scaled", "--copies", "order"], ENGINES, "--copies takes a name and a number, order=2"),
        (["up", "--copies", "order=2"], {}, "--copies goes with --scaled"),
        (["up", "--scaled", "--port", "0"], ENGINES, "Nothing was started"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    arguments: list[str], settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = shikanji(*arguments, folder=tmp_path / "data", **settings)

    assert ended.code == 2, ended.err
    assert said in ended.err


def test_a_taken_port_is_named_by_its_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        outside = shikanji("serve", "gateway", "--port", port, folder=tmp_path, **AMONG_OTHERS)
        inside = shikanji(
            "serve", "gateway", "order", "--port", "0", "--internal-port", port, folder=tmp_path, **AMONG_OTHERS
        )
        scaled = shikanji("up", "--scaled", "--port", port, folder=tmp_path, **AMONG_OTHERS)

    assert (outside.code, inside.code, scaled.code) == (2, 2, 2)
    assert "another port with SHIKANJI_PORT" in outside.err
    assert "another port with SHIKANJI_INTERNAL_PORT" in inside.err
    assert f"Port {port} of 127.0.0.1 is taken" in scaled.err


def test_a_database_that_was_never_migrated_is_no_reason_to_make_it(engines: Engines, tmp_path: Path) -> None:
    urls = engines.need("postgres")
    template = urls["SHIKANJI_DATABASE_URL"].replace("{service}", "never_{service}")

    ended = shikanji("serve", "order", "--port", "0", folder=tmp_path, **AMONG_OTHERS | {"database_url": template})

    assert ended.code == 2
    assert "shikanji migrate" in ended.err
