"""Query strings into structs: each parameter known, given once, and of its type."""

import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from shikanji.kit.errors import BadRequest, Invalid
from shikanji.kit.web.decode import INTEGER_MAX, INTEGER_MIN, with_whole_numbers
from shikanji.kit.web.wording import alternatives, explain

PARAMETERS_MAX = 64


class QueryDecoder:
    """A field of a list type may be repeated; every other parameter comes at most once."""

    def __init__(self, kind: type[msgspec.Struct] | None) -> None:
        self._kind = kind
        self._parameters = {} if kind is None else {field.encode_name: _Parameter(field) for field in _fields(kind)}
        self._empty = _default(kind)

    def decode(self, query_string: bytes) -> msgspec.Struct | None:
        """Raises BadRequest where it is no text, Invalid (422) naming the parameter else."""
        if not query_string and (self._kind is None or self._empty is not None):
            return self._empty
        values = self._collect(_pairs(query_string))
        if self._kind is None:
            return None
        try:
            return msgspec.convert(values, self._kind)
        except msgspec.ValidationError as error:
            raise explain(error, self._kind, "query") from None

    def _collect(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, text in pairs:
            parameter = self._parameters.get(name)
            if parameter is None:
                raise Invalid.field(name[:100].replace("\x00", "�"), "is not a known parameter")
            value = parameter.read(text)
            if parameter.repeatable:
                values.setdefault(name, []).append(value)
            elif name in values:
                raise Invalid.field(name, "must be given once")
            else:
                values[name] = value
        return values


class _Parameter:
    def __init__(self, field: inspect.Field) -> None:
        self._name = field.encode_name
        types = alternatives(field.type)
        self.repeatable = any(isinstance(part, inspect.ListType) for part in types)
        items = [item for part in types for item in _items(part)]
        self._is_text = any(isinstance(item, inspect.StrType) for item in items)

    def read(self, text: str) -> Any:
        """Numbers and booleans as JSON writes them; what is neither stays text, for the struct to judge."""
        if "\x00" in text:
            raise Invalid.field(self._name, "must not contain the character NUL")
        if self._is_text or not _LITERAL.fullmatch(text):
            return text
        try:
            value = with_whole_numbers(msgspec.json.decode(text))
        except msgspec.DecodeError:
            return text
        if type(value) is int and not INTEGER_MIN <= value <= INTEGER_MAX:
            raise Invalid.field(self._name, "is beyond the range of 64-bit integers")
        return value


_LITERAL = re.compile(r"true|false|-?[0-9.eE+-]{1,40}")


def _items(kind: inspect.Type) -> list[inspect.Type]:
    return alternatives(kind.item_type) if isinstance(kind, inspect.ListType) else [kind]


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _default(kind: type[msgspec.Struct] | None) -> msgspec.Struct | None:
    """What no query at all means, made once; None where a parameter is required."""
    if kind is None or not kind.__struct_config__.frozen:
        return None
    try:
        return msgspec.convert({}, kind)
    except msgspec.ValidationError:
        return None


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except UnicodeDecodeError:
        raise BadRequest("the query string is not percent-encoded UTF-8") from None
    except ValueError:
        raise BadRequest(f"the query string has more than {PARAMETERS_MAX} parameters") from None
