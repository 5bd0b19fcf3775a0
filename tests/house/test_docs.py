"""The documents say what is there: commands, targets, settings, endpoints, events and files that they name exist."""

import asyncio
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shikanji.cli import analytics_app, app, events_app
from shikanji.cli_engines import app as engines_app
from shikanji.house import SERVICES
from shikanji.sandbox import service as sandbox
from tests.harness import open_shop
from tests.house.sources import ROOT, files
from tests.house.write_docs import pages, setting_names

DOCUMENTS = [
    path for path in files() if path.suffix == ".md" and path.parts[0] in ("README.md", "CONTRIBUTING.md", "docs")
]
BESIDE_THE_SETTINGS = {"SHIKANJI_CONFIG", "SHIKANJI_FAILPOINT"}
AT_THE_DOOR = {"/docs", "/openapi.json", "/asyncapi.json", "/metrics", "/health/live", "/health/ready", "/dev/outbox"}

ROUTES = [route for service in (*SERVICES, sandbox) for route in service.routes.all]
PARAMETER = re.compile(r"\{\w+\}|\$\w+")
TEMPLATES = {PARAMETER.sub("{}", route.path) for route in ROUTES}
NAMES = {f"{route.method} {PARAMETER.sub('{}', route.path)}" for route in ROUTES}
GROUPS = {"analytics": analytics_app, "events": events_app, "engines": engines_app}
COMMANDS = {
    name for name in (*app, *(f"{group} {name}" for group, its in GROUPS.items() for name in its)) if "-" not in name
}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
EVENTS = {kind.__name__ for service in SERVICES for kind in service.publishes}
EVENT_LIKE = re.compile(
    r"`((?:Order|Payment|Refund|Stock|Staff|Store|Product|Customer|Session|Address|Access)(?:[A-Z][a-z]+)+)`"
)


def stale(text: str, folder: Path) -> Iterator[str]:
    """What a document in `folder` names that is not there."""
    for command in re.findall(rf"(?<![\w/-])shikanji ((?:(?:{'|'.join(GROUPS)}) )?[a-z]+)\b", "\n".join(_code(text))):
        if command not in COMMANDS:
            yield f"shikanji {command}"
    yield from (f"make {name}" for name in re.findall(r"`make ([a-z]+)`", text) if name not in TARGETS)
    for setting in re.findall(r"\bSHIKANJI_[A-Z_]+\b", text):
        if setting not in setting_names() | BESIDE_THE_SETTINGS:
            yield setting
    yield from (path for path in _paths(text) if path not in TEMPLATES | AT_THE_DOOR)
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]+)`", text):
        if path.startswith("/api") and f"{method} {_template(path)}" not in NAMES:
            yield f"{method} {path}"
    yield from (event for event in EVENT_LIKE.findall(text) if event not in EVENTS)
    yield from _missing_files(text, folder)


def _code(text: str) -> list[str]:
    """What stands in blocks and between backticks."""
    return re.findall(r"```.*?```", text, re.DOTALL) + re.findall(r"`[^`\n]+`", text)


def _paths(text: str) -> Iterator[str]:
    for code in _code(text):
        for path in re.findall(r"(?:\$URL|(?<![\w.]))(/(?:api/v1|sandbox|health|dev)/[\w/{}$.-]*\w}?)", code):
            yield _template(path)


def _template(path: str) -> str:
    return PARAMETER.sub("{}", path)


def _missing_files(text: str, folder: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not (ROOT / folder / target).exists():
            yield f"a link to {target}"
    for name in re.findall(r"`((?:src|tests|docs|bench|seeds|requirements|\.ci|\.github)/[\w/.-]*)`", text):
        if not (ROOT / name).exists():
            yield name


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_what_a_document_names_is_there(path: Path) -> None:
    assert list(stale((ROOT / path).read_text(), path.parent)) == []


@pytest.mark.parametrize(
    "offence",
    [
        "`shikanji restore`",
        "`shikanji events forget`",
        "`shikanji engines sideways`",
        "`shikanji analytics sideways`",
        "`make coffee`",
        "`SHIKANJI_COLOUR`",
        "`GET /api/v1/coupons`",
        "`PUT /api/v1/orders/{id}/cancel`",
        "`curl $URL/api/v1/orders/$ORDER/bill`",
        "`OrderForgotten`",
        "[there](nowhere.md)",
        "`src/shikanji/helpers.py`",
    ],
)
def test_what_is_gone_is_noticed(offence: str) -> None:
    assert len(list(stale(f"see {offence}", Path("docs")))) >= 1


def test_every_command_and_target_is_known_to_the_documents() -> None:
    said = "\n".join((ROOT / path).read_text() for path in DOCUMENTS)

    assert {name for name in COMMANDS if f"shikanji {name}" not in said} == set()
    assert len(TARGETS) > 5


def broken_off(summaries: Iterable[str]) -> list[str]:
    """Those that are no whole sentence: only the first line of an endpoint's docstring is its summary."""
    return [summary for summary in summaries if not summary.endswith(".")]


def test_what_a_route_is_for_is_said_in_a_whole_sentence() -> None:
    assert broken_off(route.summary for route in ROUTES) == []
    assert broken_off(["Brews a tea.", "Brews a tea: green, black or"]) == ["Brews a tea: green, black or"]


@pytest.mark.parametrize("path", pages(), ids=str)
def test_what_is_made_from_the_code_is_current(path: Path) -> None:
    assert (ROOT / path).read_text() == pages()[path], "python -m tests.house.write_docs"


def untold(source: str, manual: str) -> list[str]:
    """Alarms that code raises and the manual does not explain."""
    return [alarm for alarm in re.findall(r'alarm="([a-z-]+)"', source) if f"| `{alarm}` |" not in manual]


def test_every_alarm_is_explained_to_whom_it_wakes() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    raised = "\n".join((ROOT / path).read_text() for path in files() if path.parts[0] == "src" and path.suffix == ".py")

    assert untold(raised, manual) == []
    assert untold('_log.error("a pot is cold", alarm="cold-pot")', manual) == ["cold-pot"]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))

    assert decisions != []
    assert [name for name in decisions if f"[{name[:4]}]({name})" not in index] == []
    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert all("Status: " in (folder / name).read_text() for name in decisions)


def test_pictures_are_small() -> None:
    pictures = [path for path in files() if path.suffix in (".png", ".jpg", ".gif")]

    assert pictures != []
    assert {path for path in pictures if (ROOT / path).stat().st_size > 150_000} == set()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are written for curl")
async def test_the_examples_run(tmp_path: Path) -> None:
    """All blocks of docs/api.md, one after the other, as a reader would."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    script = "set -euo pipefail\n" + "\n".join(blocks) + "\nstatus\n"
    async with open_shop(tmp_path / "data", driven=False) as shop, asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            env={**os.environ, "URL": shop.platform.url},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()

    assert process.returncode == 0, (said + wrong).decode()
    assert len(blocks) > 5
    lines = said.decode().splitlines()
    assert lines[:4] == ["completed", "preparing", "ready", "completed"]
    assert {"10", "100", "%PDF", "5"} <= set(lines)
    assert lines[-1] == "completed"
