"""Query strings into structs: each parameter known, given once, and of its type."""

import math
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from shikanji.kit.errors import BadRequest, Invalid
from shikanji.kit.web.wording import alternatives, explain

PARAMETERS_MAX = 64


class QueryDecoder:
    """A field of a list type may be repeated; every other parameter comes at most once."""

    def __init__(self, kind: type[msgspec.Struct] | None) -> None:
        self._kind = kind
        fields = [] if kind is None else _fields(kind)
        self._fields = {field.encode_name: alternatives(field.type) for field in fields}
        self._floats = [
            (field.name, field.encode_name)
            for field in fields
            if any(isinstance(part, inspect.FloatType) for part in self._fields[field.encode_name])
        ]
        self._empty = _default(kind)

    def decode(self, query_string: bytes) -> msgspec.Struct | None:
        """Raises BadRequest where it is no text, Invalid (422) naming the parameter else."""
        if not query_string and (self._kind is None or self._empty is not None):
            return self._empty
        values = self._collect(_pairs(query_string))
        if self._kind is None:
            return None
        try:
            query = msgspec.convert(values, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise explain(error, self._kind, "query") from None
        for name, encode_name in self._floats:
            value = getattr(query, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise Invalid.field(encode_name, "must be a number")
        return query

    def _collect(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, text in pairs:
            types = self._fields.get(name)
            if types is None:
                raise Invalid.field(name[:100].replace("\x00", "�"), "is not a known parameter")
            if "\x00" in text:
                raise Invalid.field(name, "must not contain the character NUL")
            if any(isinstance(part, inspect.ListType) for part in types):
                values.setdefault(name, []).append(text)
            elif name in values:
                raise Invalid.field(name, "must be given once")
            elif text == "null" and not any(isinstance(part, inspect.StrType) for part in types):
                raise Invalid.field(name, "must have a value; leave it out where there is none")
            else:
                values[name] = text
        return values


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
