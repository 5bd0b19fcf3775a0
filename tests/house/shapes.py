"""The structs that modules, fields and routes speak of."""

import inspect
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

from shikanji.kit.web.routes import Routes

Kind = type[msgspec.Struct]


def structs_in(*modules: ModuleType) -> list[Kind]:
    """Every struct that one of these modules defines."""
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


def structs_within(routes: Routes) -> list[Kind]:
    """Every struct that comes in or goes out by these routes, the inner ones too."""
    found: dict[Kind, None] = {}
    for route in routes.all:
        for hint in (route.body, route.query, route.returns):
            found |= dict.fromkeys(reached(hint))
    return list(found)


def reached(hint: Any, seen: set[Any] | None = None) -> Iterator[Kind]:
    """The struct that a type hint names and those within its fields."""
    seen = set() if seen is None else seen
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        if hint in seen:
            return
        seen.add(hint)
        yield hint
        for inner in typing.get_type_hints(hint).values():
            yield from reached(inner, seen)
    for part in typing.get_args(hint):
        yield from reached(part, seen)
