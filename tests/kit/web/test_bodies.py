"""What a body may be, what each fault is called, and that no body at all can break the edge."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shikanji.kit.errors import Problem
from shikanji.kit.web.decode import DEPTH_MAX, BodyDecoder
from tests.kit.web.edge import CUP, BrewTea, brew_tea, tea_client

GOOD = {"name": "masala", "cups": 2}


async def test_a_good_body_arrives() -> None:
    answer = await brew_tea(GOOD)

    assert (answer.status, answer.data["cupCount"]) == (201, 2)


@pytest.mark.parametrize("cups", ["2.0", "2e0", "0.2e1"])
async def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(cups: str) -> None:
    answer = await brew_tea(b'{"name": "masala", "cups": %b, "warmth": 2}' % cups.encode())

    assert answer.data["cupCount"] == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"tea", id="not JSON"),
        pytest.param(b'{"name": "masala", "cups": 2', id="truncated"),
        pytest.param(b'{"name": "masala", "cups": 2,}', id="trailing comma"),
        pytest.param(b'{"name": "masala", "cups": 2} {}', id="two values"),
        pytest.param(b'\xef\xbb\xbf{"name": "masala", "cups": 2}', id="byte order mark"),
        pytest.param(json.dumps(GOOD).encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"name": "m\xff", "cups": 2}', id="not UTF-8"),
        pytest.param(b'{"name": "m\xed\xa0\x80", "cups": 2}', id="surrogate as bytes"),
        pytest.param(b'{"name": "m\\ud800", "cups": 2}', id="lone high surrogate"),
        pytest.param(b'{"name": "m\\udc00", "cups": 2}', id="lone low surrogate"),
        pytest.param(b'{"name": "m\\ud800\\u0041", "cups": 2}', id="high surrogate before a letter"),
        pytest.param(b'{"name": "m\x00", "cups": 2}', id="NUL byte"),
        pytest.param(b'{"name": "m\\u0000", "cups": 2}', id="escaped NUL"),
        pytest.param(b'{"na\\u0000me": "m", "cups": 2}', id="escaped NUL in a name"),
        pytest.param(b'{"name": "masala", "cups": 2, "toppings": [{"kind": "\\u0000"}]}', id="escaped NUL deep inside"),
        pytest.param(b'{"name": "m\n", "cups": 2}', id="control character"),
        pytest.param(b'{"name": "masala", "cups": NaN}', id="NaN"),
        pytest.param(b'{"name": "masala", "cups": -Infinity}', id="Infinity"),
        pytest.param(b'{"name": "masala", "cups": 1e400}', id="1e400"),
        pytest.param(b'{"name": "masala", "cups": 02}', id="leading zero"),
        pytest.param(b'{"name": "masala", "cups": 2, "cups": 3}', id="name twice"),
        pytest.param(b'{"name": "masala", "cups": 2, "c\\u0075ps": 3}', id="name twice, once escaped"),
        pytest.param(b'{"name":"a","cups":2,"toppings":[{"kind":"mint","kind":"mint"}]}', id="name twice deep inside"),
        pytest.param(b'{"name": "a:b", "name": "c", "cups": 2}', id="name twice, with a colon in a text"),
    ],
)
async def test_what_is_not_well_formed_json_is_400(body: bytes) -> None:
    answer = await brew_tea(body, **{"content-type": "application/json"})

    assert (answer.status, answer.json["type"]) == (400, "urn:shikanji:problem:not-json")


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"cups": 0}, "cups", "must be at least 1"),
        ({"cups": -1}, "cups", "must be at least 1"),
        ({"cups": 1.5}, "cups", "must be a whole number"),
        ({"cups": 1e300}, "cups", "must be a whole number"),
        ({"cups": 0.0}, "cups", "must be at least 1"),
        ({"cups": "1"}, "cups", "must be a whole number, not text"),
        ({"cups": True}, "cups", "must be a whole number, not true or false"),
        ({"cups": None}, "cups", "must be a whole number, not null"),
        ({"cups": 2**63}, "cups", "is beyond the range of 64-bit integers"),
        ({"cups": 10**30}, "cups", "is beyond the range of 64-bit integers"),
        ({"name": ""}, "name", "must not be empty"),
        ({"name": "x" * 21}, "name", "must have at most 20 characters"),
        ({"label": "ABC"}, "label", "must match ^[a-z]+$"),
        ({"warmth": "hot"}, "warmth", "must be a number or null, not text"),
        ({"role": "admin"}, "role", "is not a known field"),
        ({"store_id": "1"}, "store_id", "is not a known field"),
        ({"toppings": {}}, "toppings", "must be a list, not an object"),
        ({"toppings": [{"kind": "mint"}] * 4}, "toppings", "must have at most 3 items"),
        ({"toppings": [{"kind": "mint"}, {"kind": "salt"}]}, "toppings[1].kind", "must be one of lemon, mint"),
        ({"toppings": [{}]}, "toppings[0].kind", "is required"),
        ({"toppings": [{"kind": "mint", "spoonCount": 6}]}, "toppings[0].spoonCount", "must be at most 5"),
        ({"toppings": [{"kind": "mint", "spoonCount": 2**64}]}, "toppings[0].spoonCount", None),
        ({"toppings": [{"kind": "mint", "spoonCount": 10**30}]}, "toppings[0].spoonCount", None),
        ({"toppings": [{"kind": "mint", "price": 1}]}, "toppings[0].price", "is not a known field"),
        ({"toppings": [3]}, "toppings[0]", "must be an object, not a whole number"),
        ({"warmth": [[10**30]]}, "warmth[0][0]", None),
    ],
)
async def test_a_wrong_field_is_422_and_named_as_the_client_wrote_it(
    change: dict[str, Any], field: str, message: str | None
) -> None:
    answer = await brew_tea(json.dumps(GOOD | change).encode())

    assert (answer.status, answer.field) == (422, field), answer.body
    if message is not None:
        assert answer.json["errors"][0]["message"] == message


async def test_a_number_of_thousands_of_digits_is_422_and_named() -> None:
    answer = await brew_tea(b'{"name": "a", "cups": 1, "toppings": [{"spoonCount": -1' + b"0" * 9_000 + b"}]}")

    assert (answer.status, answer.field) == (422, "toppings[0].spoonCount")


async def test_such_a_number_deep_down_is_413_like_anything_else_there() -> None:
    answer = await brew_tea(b"[" * 980 + b"1" * 5_000 + b"]" * 980)

    assert answer.status == 413


async def test_a_missing_field_is_422() -> None:
    answer = await brew_tea({"name": "masala"})

    assert (answer.status, answer.field) == (422, "cups")


async def test_a_body_of_the_wrong_shape_is_422() -> None:
    answer = await brew_tea([1])

    assert (answer.status, answer.field) == (422, "body")


async def test_an_unknown_name_of_great_length_is_cut() -> None:
    answer = await brew_tea(GOOD | {"x" * 5_000: 1})

    assert answer.status == 422
    assert len(answer.field) < 300


async def test_a_body_may_be_nested_as_deep_as_the_limit() -> None:
    answer = await brew_tea(b"[" * (DEPTH_MAX) + b"]" * (DEPTH_MAX))

    assert answer.status == 422


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 900, 10_000, 200_000])
async def test_a_body_nested_too_deeply_is_413(depth: int) -> None:
    answer = await brew_tea(b"[" * depth + b"]" * depth)

    assert (answer.status, answer.json["type"]) == (413, "urn:shikanji:problem:body-too-deep")


async def test_a_body_beyond_the_limit_is_413_whether_its_length_is_told_or_not() -> None:
    client = tea_client(body_bytes_max=100)
    headers = {"idempotency-key": "k" * 16, "content-type": "application/json"}

    told = await client.ask("POST", "/teas", b"x" * 101, token="guest", headers=headers)
    untold = await client.ask("POST", "/teas", token="guest", headers=headers, chunks=[b"x" * 60, b"x" * 60])
    lied = await client.ask("POST", "/teas", token="guest", headers=headers, chunks=[b"x" * 101])
    absurd = await client.ask("POST", "/teas", token="guest", headers=headers | {"content-length": "9" * 5000})

    assert [answer.status for answer in (told, untold, lied, absurd)] == [413] * 4


async def test_a_body_may_come_in_pieces() -> None:
    headers = {"idempotency-key": "k" * 16, "content-type": "application/json"}

    answer = await tea_client().ask(
        "POST", "/teas", token="guest", headers=headers, chunks=[b'{"name":"a",', b'"cups":2', b"}"]
    )

    assert answer.status == 201


async def test_nothing_is_sent_to_a_client_that_went_away() -> None:
    gone = await tea_client().ask("POST", "/hooks/x", chunks=[b"half"], hang_up=True)

    assert gone.status == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
)
async def test_another_kind_of_body_is_415(content_type: str) -> None:
    answer = await brew_tea(GOOD, **{"content-type": content_type})

    assert answer.status == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_json_in_utf8_may_say_so(content_type: str) -> None:
    answer = await brew_tea(GOOD, **{"content-type": content_type})

    assert answer.status == 201


async def test_a_compressed_body_is_415() -> None:
    answer = await brew_tea(GOOD, **{"content-encoding": "gzip"})

    assert answer.status == 415


async def test_no_body_means_no_fields_where_none_is_required() -> None:
    answer = await tea_client().ask("POST", "/teas/sign-in")

    assert answer.status == 200


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
_fields = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("name", "cups", "toppings", "warmth", "label"), _json),
)


@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_tea_or_a_refusal(raw: bytes) -> None:
    _refuses_or_decodes(raw)


@given(_fields)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_tea_or_a_refusal(body: dict[str, Any]) -> None:
    _refuses_or_decodes(json.dumps(body).encode())


def _refuses_or_decodes(raw: bytes) -> None:
    refusal = None
    try:
        BodyDecoder(BrewTea).decode(raw)
    except Problem as problem:
        refusal = problem
    if refusal is not None:
        assert 400 <= refusal.status < 500
        assert msgspec.json.encode([refusal.detail, refusal.errors])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "image/png"}, 200),
        ({"content-type": "Image/JPEG; q=1"}, 200),
        ({"content-type": "image/svg+xml"}, 415),
        ({"content-type": "application/json"}, 415),
        ({"content-type": ""}, 415),
        ({"content-type": "image/png", "content-encoding": "gzip"}, 415),
    ],
)
async def test_a_raw_body_may_have_to_be_of_a_kind(headers: dict[str, str], status: int) -> None:
    answer = await tea_client().ask("POST", f"/teas/{CUP}/picture", b"picture", headers=headers)

    assert answer.status == status


async def test_a_route_may_take_more_than_the_others() -> None:
    client, png = tea_client(), {"content-type": "image/png"}

    large = await client.ask("POST", f"/teas/{CUP}/picture", b"x" * 1_500_000, headers=png)
    too_large = await client.ask("POST", f"/teas/{CUP}/picture", b"x" * 1_500_001, headers=png)

    assert (large.status, too_large.status) == (200, 413)
