"""What no file of the repository contains."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from tests.house.sources import python_files, texts

# Each is put together here, so that this file does not contain what it looks for.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE = re.compile(r"(?<![\w.])/(home|Users|work|root|usr/local)/" + r"[\w.-]+")
REGISTRY = re.compile(
    r"(--(extra-)?index-" + r"url|--find-" + r"links|index-url *=|https?://[\w.-]*(pypi|artifactory|nexus)[\w.-]*)"
)
WAITS = {"time", "asyncio"}
MAY_SLEEP = {
    "tests/crashes/zygote.py": "looks whether a process is gone",
    "tests/probing.py": "looks whether what it was told to wait for is there",
    "tests/kit/test_workers.py": "looks whether the workers are idle",
}


def unwanted(name: str, text: str) -> Iterator[str]:
    for rule in (UNFINISHED, MACHINE, REGISTRY):
        yield from (f"{name}: {found[0]}" for found in rule.finditer(text))


def unfinished(name: str, tree: ast.AST) -> Iterator[str]:
    """Functions that are still to be written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplemented" in ast.unparse(node.exc):
            yield f"{name}:{node.lineno}"


def sleeps(name: str, tree: ast.AST) -> Iterator[str]:
    """Waiting for a time to pass. `asyncio.sleep(0)` waits for none: it lets others run."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr="sleep"), args=[length]) if (
                module in WAITS
            ):
                if not (isinstance(length, ast.Constant) and length.value == 0):
                    yield f"{name}:{node.lineno}"


def patches(name: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if any(alias.name.startswith("unittest.mock") for alias in names):
                yield f"{name}:{node.lineno}"
            case (
                ast.ImportFrom(module="unittest.mock")
                | ast.ImportFrom(module="unittest", names=[ast.alias(name="mock")])
            ):
                yield f"{name}:{node.lineno}"
            case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr" | "setitem") | ast.arg(arg="mocker"):
                yield f"{name}:{node.lineno}"


def failpoints(trees: Iterable[ast.AST]) -> Counter[str]:
    return Counter(
        node.args[0].value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "failpoint"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def test_nothing_is_left_for_later_and_nothing_names_a_machine_or_a_registry() -> None:
    assert [offence for name, text in texts() for offence in unwanted(name, text)] == []


@pytest.mark.parametrize(
    "offence",
    ["# TO" + "DO: later", "cd /ho" + "me/asha/shop", "--index" + "-url x", "https://py" + "pi.example.test/simple"],
)
def test_what_does_not_belong_is_seen(offence: str) -> None:
    assert len(list(unwanted("a.py", offence))) >= 1


def test_every_function_is_written() -> None:
    rooms = python_files("src/", "tests/", "bench/", "chaos/", having="NotImplemented")

    assert [place for name, tree in rooms for place in unfinished(name, tree)] == []
    assert list(unfinished("a.py", ast.parse("raise NotImplementedError"))) == ["a.py:1"]


def test_no_test_waits_for_time_to_pass() -> None:
    found = [place for name, tree in python_files("tests/", having="sleep") for place in sleeps(name, tree)]

    assert [place for place in found if place.partition(":")[0] not in MAY_SLEEP] == []


@pytest.mark.parametrize("offence", ["time.sleep(1)", "asyncio.sleep(0.1)", "asyncio.sleep(seconds)"])
def test_a_planted_sleep_is_seen(offence: str) -> None:
    assert list(sleeps("a.py", ast.parse(offence))) == ["a.py:1"]


def test_no_test_patches_what_it_tests() -> None:
    rooms = python_files("tests/", having="mock|monkeypatch")

    assert [place for name, tree in rooms for place in patches(name, tree)] == []
    assert list(patches("a.py", ast.parse("from unittest import mock"))) == ["a.py:1"]
    assert list(patches("a.py", ast.parse("monkeypatch.setattr(clock, 'now', noon)"))) == ["a.py:1"]


def test_every_failpoint_has_a_name_of_its_own() -> None:
    named = failpoints(tree for _, tree in python_files("src/", having="failpoint"))

    assert len(named) > 30
    assert [name for name, count in named.items() if count > 1] == []
    assert failpoints([ast.parse("failpoint('a.b.c'); failpoint('a.b.c')")])["a.b.c"] == 2
