"""What msgspec found wrong, in the words of the API: the field as the client wrote it, and what is allowed there."""

import re
from typing import Any

import msgspec
from msgspec import inspect

from shikanji.kit.errors import Invalid

_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$", re.DOTALL)
_TYPE = re.compile(r"^Expected `(.+)`, got `(.+)`$")
_SIZE = re.compile(r"^Expected `(\w+)` of length (>= |<= |)(\d+)$")
_BOUND = re.compile(r"^Expected `\w+` (>=|<=|>|<) (\S+)$")
_PATTERN = re.compile(r"^Expected `str` matching regex (.+)$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(.+)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)

_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_UNITS = {"str": "characters", "array": "items", "object": "entries"}
FIELD_LENGTH_MAX = 200


def explain(error: msgspec.ValidationError, kind: Any, root: str = "body") -> Invalid:
    """`root` names the whole where no field in it is at fault."""
    text = str(error)
    at = _AT.search(text)
    path = at[1] if at else ""
    what = text[: at.start()] if at else text
    for pattern, message in ((_MISSING, "is required"), (_UNKNOWN, "is not a known field")):
        if named := pattern.match(what):
            return Invalid.field(_cut(f"{path}.{named[1]}" if path else named[1]), message)
    return Invalid.field(_cut(path) or root, _message(what, kind, path))


def _cut(field: str) -> str:
    return field if len(field) <= FIELD_LENGTH_MAX else field[:FIELD_LENGTH_MAX] + "…"


def _message(what: str, kind: Any, path: str) -> str:
    if found := _TYPE.match(what):
        return f"must be {_names(found[1])}, not {_names(found[2])}"
    if found := _SIZE.match(what):
        bound = _BOUNDS.get(found[2].strip(), "exactly")
        return f"must have {bound} {found[3]} {_UNITS.get(found[1], 'items')}"
    if found := _BOUND.match(what):
        return f"must be {_BOUNDS[found[1]]} {found[2]}"
    if found := _PATTERN.match(what):
        return f"must match {found[1][1:-1]}"
    if what.startswith("Invalid enum value"):
        return "must be one of " + ", ".join(str(choice) for choice in _choices(kind, path))
    if what in {"Number out of range", "Integer value out of range"}:
        return "is beyond the range of numbers"
    return what.replace("`", "")


def _names(types: str) -> str:
    return " or ".join(_NAMES.get(name, name) for name in types.split(" | "))


def _choices(kind: Any, path: str) -> list[Any]:
    """The values that a Literal or an Enum at `path` allows."""
    nodes = alternatives(inspect.type_info(kind))
    for step in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        nodes = [below for node in nodes for below in _descend(node, step)]
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, inspect.LiteralType):
            found.extend(node.values)
        elif isinstance(node, inspect.EnumType):
            found.extend(member.value for member in node.cls)
    return found


def alternatives(node: inspect.Type) -> list[inspect.Type]:
    """The types that a union or an annotated type stands for."""
    if isinstance(node, inspect.UnionType):
        return [below for part in node.types for below in alternatives(part)]
    if isinstance(node, inspect.Metadata):
        return alternatives(node.type)
    return [node]


def _descend(node: inspect.Type, step: str) -> list[inspect.Type]:
    if step.startswith("["):
        if isinstance(node, inspect.DictType):
            return alternatives(node.value_type)
        if isinstance(node, inspect.TupleType) and step[1:-1].isdigit():
            return alternatives(node.item_types[int(step[1:-1])])
        item_type = getattr(node, "item_type", None)
        return alternatives(item_type) if item_type is not None else []
    if isinstance(node, inspect.StructType):
        return [below for field in node.fields if field.encode_name == step for below in alternatives(field.type)]
    return []
