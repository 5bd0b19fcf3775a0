"""Bodies, strictly: what is not exactly JSON is refused, and so is every field that was not asked for."""

import json
from typing import Any

import msgspec

from shikanji.kit.errors import BadRequest, Invalid, TooLarge
from shikanji.kit.web.wording import explain

BODY_BYTES_MAX = 1 << 20
DEPTH_MAX = 32
INTEGER_DIGITS_READ = 25
FLOAT_EXACT_MAX = 2.0**53
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1


class NotJson(BadRequest):
    type, title = "not-json", "The body is not well-formed JSON"


class BodyTooLarge(TooLarge):
    type, title = "body-too-large", "The body is too large"


class TooDeep(TooLarge):
    type, title = "body-too-deep", "The body is nested too deeply"

    def __init__(self) -> None:
        super().__init__(f"at most {DEPTH_MAX} levels are allowed")


class BodyDecoder:
    """Bytes to a struct of one kind."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)
        self.empty = self._empty()
        """What no body at all means: every field left out; None where one is required."""

    def _empty(self) -> msgspec.Struct | None:
        try:
            return self._decoder.decode(b"{}")
        except msgspec.ValidationError:
            return None

    def decode(self, raw: bytes) -> msgspec.Struct:
        """Raises NotJson (400), TooDeep (413) or Invalid (422) naming the field."""
        value = parse(raw)
        try:
            return self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            if "got `float`" not in str(error):
                raise explain(error, self._kind) from None
        try:
            return msgspec.convert(with_whole_numbers(value), self._kind)
        except msgspec.ValidationError as error:
            raise explain(error, self._kind) from None


_generic = msgspec.json.Decoder()


def parse(raw: bytes) -> Any:
    """The body as plain values. msgspec refuses broken UTF-8, lone surrogates, NaN and 1e400 by itself; what it would
    let pass is looked for here."""
    try:
        value = _read(raw)
    except RecursionError:
        raise TooDeep from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(_reason(error)) from None
    names = _count_names(value)
    # Every name is followed by a colon: as many colons as distinct names means that none came twice.
    if raw.count(b":") != names:
        _refuse_repeated_names(raw)
    if b"\\u0000" in raw:
        _refuse_nul(value)
    return value


def _read(raw: bytes) -> Any:
    try:
        return _generic.decode(raw)
    except msgspec.ValidationError as error:
        if "Integer" not in str(error):
            raise
    # A number of thousands of digits: its beginning is enough to know that it is beyond every range, and where it is.
    return json.loads(raw, parse_int=lambda digits: int(digits[:INTEGER_DIGITS_READ]))


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ").lower()


def _count_names(value: Any) -> int:
    """The number of names in all objects. Goes down level by level, so that no depth can exhaust the stack."""
    names = depth = 0
    level = [value]
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise TooDeep
        below: list[Any] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                names += len(node)
                below.extend(node.values())
            elif kind is list:
                below.extend(node)
            elif kind is int and not INTEGER_MIN <= node <= INTEGER_MAX:
                raise Invalid.field(_path_of(value, node) or "body", "is beyond the range of 64-bit integers")
        level = below
    return names


def with_whole_numbers(value: Any) -> Any:
    """`2.0` is a whole number to JSON Schema, and so to whoever writes clients by our documents."""
    if isinstance(value, dict):
        return {name: with_whole_numbers(below) for name, below in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(below) for below in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= FLOAT_EXACT_MAX:
        return int(value)
    return value


def _path_of(value: Any, wanted: Any, path: str = "") -> str | None:
    """Where in `value` the very object `wanted` stands."""
    if value is wanted:
        return path
    steps: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        steps = [(f"{path}.{name}" if path else name, below) for name, below in value.items()]
    elif isinstance(value, list):
        steps = [(f"{path}[{position}]", below) for position, below in enumerate(value)]
    paths = (_path_of(below, wanted, step) for step, below in steps)
    return next((found for found in paths if found is not None), None)


def _refuse_repeated_names(raw: bytes) -> None:
    json.loads(raw, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    distinct = dict(pairs)
    if len(distinct) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NotJson(f"the name {name[:100]!r} stands twice in one object")
            seen.add(name)
    return distinct


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise NotJson("text must not contain the character NUL")
    elif isinstance(value, dict):
        for name, below in value.items():
            _refuse_nul(name)
            _refuse_nul(below)
    elif isinstance(value, list):
        for below in value:
            _refuse_nul(below)
