"""The pages that are made from the code: `python -m tests.house.write_docs` writes them, a test compares them."""

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from shikanji.configuration import PlatformSettings
from shikanji.house import SERVICES, settings_kinds
from shikanji.kit.events import Event
from shikanji.kit.service import Service
from shikanji.kit.settings import PREFIX
from tests.house.sources import ROOT

Kind = type[msgspec.Struct]

_SETTINGS_HEAD = """# Settings

Made from the code by `python -m tests.house.write_docs`. Set in the environment, or in the TOML file that
`SHIKANJI_CONFIG` names, where `SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTES` is `payment_window_minutes` in a table `[order]`;
the environment wins. A wrong value or an unknown name ends the start with one line each. `SHIKANJI_FAILPOINT` is for
[crash tests](operations.md#failpoints).
"""
_EVENTS_HEAD = """# Events

Made from the code by `python -m tests.house.write_docs`; `make asyncapi` prints the same as AsyncAPI 3. An event is a
fact with ids and figures, without secrets or contact data: amounts in paise, times in microseconds since 1970 (UTC). It
travels as `{id, type, timestamp, data, metadata}`; `metadata` has `source`, `version`, `correlationId`, `causationId`,
`aggregateId` and `aggregateVersion`. Contracts only grow.
"""


def pages() -> dict[Path, str]:
    return {
        Path("docs/settings.md"): settings_page({"": PlatformSettings, **settings_kinds()}),
        Path("docs/events.md"): events_page(SERVICES),
    }


def settings_page(kinds: Mapping[str, Kind]) -> str:
    """A table per section; the platform's own has no name."""
    return _SETTINGS_HEAD + "".join(_section(name, kind) for name, kind in kinds.items())


def events_page(services: Sequence[Service]) -> str:
    return _EVENTS_HEAD + "".join(
        f"\n## {service.name}\n" + "".join(_event(kind, services) for kind in service.publishes) for service in services
    )


def setting_names() -> set[str]:
    kinds: dict[str, Kind] = {"": PlatformSettings, **settings_kinds()}
    return {_setting(section, field) for section, kind in kinds.items() for field in kind.__struct_fields__}


def _section(name: str, kind: Kind) -> str:
    said = _field_docs(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    rows = [
        " | ".join(
            (
                f"| `{_setting(name, field.name)}`",
                _default(field.default),
                _allowed(hints[field.name]),
                f"{said[field.name]} |",
            )
        )
        for field in msgspec.structs.fields(kind)
    ]
    title = name or "The platform"
    return "\n".join(
        ["", f"## {title}", "", "| setting | default | allowed | |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _setting(section: str, field: str) -> str:
    return PREFIX + "_".join(filter(None, (section, field))).upper()


def _default(value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _allowed(hint: Any) -> str:
    """What the type says, in words."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _allowed(next(part for part in parts if part is not type(None)))
    if origin is typing.Annotated:
        return ", ".join(filter(None, [_allowed(parts[0]), *map(_limits, parts[1:])]))
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return "a list with commas"
    return {int: "integer", float: "number", str: "text", bool: "`true`, `false`"}[hint]


def _limits(meta: msgspec.Meta) -> str:
    if meta.pattern is not None:
        return f"`{meta.pattern}`".replace("|", "\\|")
    least = next((bound for bound in (meta.ge, meta.gt) if bound is not None), None)
    if meta.min_length is None and least is None:
        return str((meta.extra or {})["form"])
    if meta.min_length is not None:
        return f"at least {meta.min_length} characters"
    above = "above " if meta.ge is None and meta.gt is not None else ""
    return f"{above}{least:,} to {meta.le:,}" if meta.le is not None else f"from {least:,}"


def _event(kind: type[Event], services: Iterable[Service]) -> str:
    heard = [service.name for service in services if kind.__name__ in service.subscribers.kinds]
    said = inspect.cleandoc(vars(kind).get("__doc__") or "").replace("\n", " ")
    fields = ", ".join(f"`{field.encode_name}`: {_spelled(field.type)}" for field in msgspec.structs.fields(kind))
    lines = [f"### {kind.__name__}", said, f"Heard by: {', '.join(heard) or 'nobody yet'}.", f"Fields: {fields}."]
    return "\n" + "\n\n".join(filter(None, lines)) + "\n"


def _spelled(hint: Any) -> str:
    """A field's type as a reader of JSON says it."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join("null" if part is type(None) else _spelled(part) for part in parts)
    if origin is Literal:
        return " / ".join(f'"{part}"' for part in parts)
    if origin is list:
        return f"list of {_spelled(parts[0])}"
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        inner = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(hint))
        return f"{{{inner}}}"
    return {int: "integer", float: "number", str: "text", bool: "true or false"}[hint]


def _field_docs(kind: Kind) -> dict[str, str]:
    """The text under each field of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = typing.cast(ast.ClassDef, tree.body[0]).body
    said = dict.fromkeys(kind.__struct_fields__, "")
    for line, under in zip(body, [*body[1:], None], strict=True):
        match line, under:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = " ".join(text.split())
    return said


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text)
