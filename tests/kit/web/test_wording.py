"""What was wrong, in words that help: every kind of limit that a field can have."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from shikanji.kit.web.wording import explain


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Pour(msgspec.Struct, tag="pour", forbid_unknown_fields=True):
    cups: int


class Spill(msgspec.Struct, tag="spill", forbid_unknown_fields=True):
    cups: int


class Everything(msgspec.Struct, forbid_unknown_fields=True):
    size: Size = Size.SMALL
    mood: Literal["calm", "wild"] | None = None
    moods: dict[str, Literal["calm", "wild"]] = {}
    pair: tuple[int, Literal["a", "b"]] = (1, "a")
    many: tuple[Literal["a", "b"], ...] = ()
    action: Pour | Spill | None = None
    strength: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    tags: Annotated[list[str], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=lambda: ["a"])
    shares: Annotated[dict[str, int], msgspec.Meta(max_length=1)] = {}
    titled: Annotated[Literal["x", "y"], msgspec.Meta(title="Titled")] = "x"
    low: int = 0
    high: int = 1

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be above high")


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"size": "huge"}, "size", "must be one of small, large"),
        ({"mood": "sad"}, "mood", "must be one of calm, wild"),
        ({"moods": {"monday": "sad"}}, "moods[...]", "must be one of calm, wild"),
        ({"pair": [1, "c"]}, "pair[1]", "must be one of a, b"),
        ({"pair": [1]}, "pair", "must have exactly 2 items"),
        ({"many": ["a", "c"]}, "many[1]", "must be one of a, b"),
        ({"titled": "z"}, "titled", "must be one of x, y"),
        ({"action": {"type": "pour"}}, "action.cups", "is required"),
        ({"action": {"type": "drink"}}, "action.type", "Invalid value 'drink'"),
        ({"strength": 0}, "strength", "must be more than 0.0"),
        ({"strength": 1}, "strength", "must be less than 1.0"),
        ({"tags": []}, "tags", "must not be empty"),
        ({"shares": {"a": 1, "b": 2}}, "shares", "must have at most 1 entry"),
        ({"low": 2}, "body", "low must not be above high"),
        ([], "body", "must be an object, not a list"),
    ],
)
def test_each_limit_has_its_words(value: Any, field: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode(msgspec.json.encode(value), type=Everything)

    (found,) = explain(error.value, Everything).errors

    assert (found.field, found.message) == (field, message)


class Formed(msgspec.Struct):
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=6, pattern="^[0-9]{6}$", extra={"form": "six digits"})]
    name: Annotated[str, msgspec.Meta(min_length=2, pattern=r"\S", extra={"pattern": "more than blanks"})] | None = None
    codes: list[Annotated[str, msgspec.Meta(pattern="^[0-9]$", extra={"form": "a digit"})]] = []
    at: datetime | None = None
    on: date | None = None


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"code": "12"}, "code", "must be six digits"),
        ({"code": "12345x"}, "code", "must be six digits"),
        ({"code": "123456", "name": "a"}, "name", "must have at least 2 characters"),
        ({"code": "123456", "name": "  "}, "name", "must be more than blanks"),
        ({"code": "123456", "codes": ["1", "x"]}, "codes[1]", "must be a digit"),
        ({"code": "123456", "at": "soon"}, "at", "must be a time such as 2026-11-22T06:30:00Z"),
        ({"code": "123456", "on": "soon"}, "on", "must be a date such as 1990-01-31"),
    ],
)
def test_a_field_that_describes_its_form_is_explained_by_it(value: Any, field: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode(msgspec.json.encode(value), type=Formed)

    (found,) = explain(error.value, Formed).errors

    assert (found.field, found.message) == (field, message)
