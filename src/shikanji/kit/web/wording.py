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
_UNITS = {"str": ("character", "characters"), "array": ("item", "items"), "object": ("entry", "entries")}
_FORMS = {
    "Invalid RFC3339 encoded datetime": "must be a time such as 2026-11-22T06:30:00Z",
    "Expected `datetime` with a timezone component": "must be a time with its zone, such as 2026-11-22T06:30:00Z",
    "Invalid RFC3339 encoded date": "must be a date such as 1990-01-31",
    "Number out of range": "is beyond the range of numbers",
    "Integer value out of range": "is beyond the range of numbers",
}
FORM, PATTERN = "form", "pattern"
"""What a field's `Meta(extra={...})` may say of it in words: FORM where its length and characters make one form ("six
digits"), PATTERN where only its characters need words, and its length speaks for itself."""
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


def message(error: msgspec.ValidationError, kind: Any) -> str:
    """What is wrong with one value of type `kind`, wherever in it."""
    text = str(error)
    at = _AT.search(text)
    return _message(text[: at.start()] if at else text, kind, at[1] if at else "")


def _cut(field: str) -> str:
    return field if len(field) <= FIELD_LENGTH_MAX else field[:FIELD_LENGTH_MAX] + "…"


def _message(what: str, kind: Any, path: str) -> str:
    if found := _TYPE.match(what):
        # What has a fraction is a number to whoever wrote it, too.
        got = "" if found[2] == "float" and found[1].startswith("int") else f", not {_names(found[2])}"
        return f"must be {_names(found[1])}{got}"
    if found := _SIZE.match(what):
        form = _in_words(kind, path, FORM)
        return f"must be {form}" if form else _size(*found.groups())
    if found := _BOUND.match(what):
        return f"must be {_BOUNDS[found[1]]} {found[2]}"
    if found := _PATTERN.match(what):
        words = _in_words(kind, path, FORM) or _in_words(kind, path, PATTERN)
        return f"must be {words}" if words else f"must match {found[1][1:-1]}"
    if what.startswith("Invalid enum value"):
        return "must be one of " + ", ".join(str(choice) for choice in _choices(kind, path))
    return _FORMS.get(what, what.replace("`", ""))


def _size(kind: str, sign: str, number: str) -> str:
    if sign.strip() == ">=" and number == "1":
        return "must not be empty"
    one, many = _UNITS.get(kind, ("item", "items"))
    return f"must have {_BOUNDS.get(sign.strip(), 'exactly')} {number} {one if number == '1' else many}"


def _names(types: str) -> str:
    return " or ".join(_NAMES.get(name, name) for name in types.split(" | "))


def _choices(kind: Any, path: str) -> list[Any]:
    """The values that a Literal or an Enum at `path` allows."""
    found: list[Any] = []
    for node in _at(kind, path):
        if isinstance(node, inspect.LiteralType):
            found.extend(node.values)
        elif isinstance(node, inspect.EnumType):
            found.extend(member.value for member in node.cls)
    return found


def _in_words(kind: Any, path: str, what: str) -> str:
    """What the field at `path` says of itself, empty where it says nothing."""
    nodes = [inspect.type_info(kind)]
    for step in _STEP.findall(path):
        nodes = [below for node in nodes for part in alternatives(node) for below in _descend(part, step)]
    return next((words for node in nodes for words in _words(node, what)), "")


def _words(node: inspect.Type, what: str) -> list[str]:
    if isinstance(node, inspect.UnionType):
        return [words for part in node.types for words in _words(part, what)]
    if isinstance(node, inspect.Metadata):
        return [str(node.extra[what])] if node.extra and what in node.extra else _words(node.type, what)
    return []


_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def _at(kind: Any, path: str) -> list[inspect.Type]:
    """What may stand at `path`."""
    nodes = alternatives(inspect.type_info(kind))
    for step in _STEP.findall(path):
        nodes = [below for node in nodes for declared in _descend(node, step) for below in alternatives(declared)]
    return nodes


def alternatives(node: inspect.Type) -> list[inspect.Type]:
    """The types that a union or an annotated type stands for."""
    if isinstance(node, inspect.UnionType):
        return [below for part in node.types for below in alternatives(part)]
    if isinstance(node, inspect.Metadata):
        return alternatives(node.type)
    return [node]


def _descend(node: inspect.Type, step: str) -> list[inspect.Type]:
    """What is declared one step below."""
    if step.startswith("["):
        if isinstance(node, inspect.DictType):
            return [node.value_type]
        if isinstance(node, inspect.TupleType) and step[1:-1].isdigit():
            return [node.item_types[int(step[1:-1])]]
        item_type = getattr(node, "item_type", None)
        return [item_type] if item_type is not None else []
    if isinstance(node, inspect.StructType):
        return [field.type for field in node.fields if field.encode_name == step]
    return []
