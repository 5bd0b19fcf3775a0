"""`shikanji engines`: the real servers for this machine, started in the background and found again by folder."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from shikanji import terminal

if TYPE_CHECKING:
    from shikanji.configuration import PlatformSettings
    from shikanji.engines import Engines

app = App(name="engines", help="PostgreSQL, NATS, Valkey and S3 on this machine, without root or Docker.")


@app.command
def up(
    *engines: Annotated[str, Parameter(help="some of postgres, nats, valkey and s3; all of them without it")],
) -> None:
    """Start them in the background, and print the settings that name them.

    `shikanji up --scaled` finds them by itself; `eval "$(shikanji engines up)"` tells everything else. An engine that
    the settings name already is not started.
    """
    settings = _settings()
    given = _elsewhere(settings)
    fleet = _open(settings, *_chosen(engines, without=given), tell=terminal.say)
    for name, setting in given.items():
        terminal.say(f"{name} is not started: {setting} names one")
    fleet.start()
    terminal.show("\n".join(f"export {name}={shlex.quote(value)}" for name, value in fleet.urls.items()))


@app.command
def down() -> None:
    """Stop those that run, in order. Their data stays."""
    fleet = _open(_settings(), tell=terminal.say)
    if not fleet.urls:
        terminal.say(f"no engine is running in {fleet.folder}")
    fleet.stop()


@app.command
def status() -> None:
    """What runs in the data folder, at which port, and how much data it has."""
    settings = _settings()
    given = _elsewhere(settings)
    terminal.show([_row(engine, given) for engine in _open(settings).all])


def _row(engine: Any, given: dict[str, str]) -> dict[str, Any]:
    return {
        "engine": engine.name,
        "state": _state(engine, given),
        "port": engine.port if engine.running else "",
        "pid": engine.pid or "",
        "data": f"{engine.data_bytes() / 1e6:.1f} MB",
    }


def _state(engine: Any, given: dict[str, str]) -> str:
    if engine.running:
        return "running" if engine.answers else "does not answer"
    return f"named by {given[engine.name]}" if engine.name in given else "stopped"


def _chosen(asked: tuple[str, ...], without: dict[str, str]) -> list[str]:
    from shikanji.engines import NAMES
    from shikanji.kit.errors import OperatorError

    if unknown := set(asked) - set(NAMES):
        raise OperatorError(f"There is no engine {', '.join(sorted(unknown))}: they are {', '.join(NAMES)}.")
    return [name for name in asked or NAMES if name not in without]


def _elsewhere(settings: "PlatformSettings") -> dict[str, str]:
    """Engines that the settings name, and by which."""
    named = {
        "postgres": ("SHIKANJI_DATABASE_URL", (settings.database_url or "").startswith("postgresql:")),
        "nats": ("SHIKANJI_BUS_URL", settings.bus_url != "local:"),
        "valkey": ("SHIKANJI_CACHE_URL", settings.cache_url != "memory:"),
        "s3": ("SHIKANJI_FILES_URL", (settings.files_url or "").startswith("s3:")),
    }
    return {name: setting for name, (setting, given) in named.items() if given}


def _open(settings: "PlatformSettings", *names: str, tell: Callable[[str], None] = lambda said: None) -> "Engines":
    from shikanji.engines import Engines

    return Engines(folder_of(settings), names, attached=False, tell=tell)


def folder_of(settings: "PlatformSettings") -> Path:
    """Where the engines of a data folder live."""
    return settings.folder / "engines"


def _settings() -> "PlatformSettings":
    from shikanji.configuration import Configuration
    from shikanji.house import settings_kinds

    return Configuration(os.environ, settings_kinds()).platform
