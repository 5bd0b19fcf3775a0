"""Query strings: every parameter known, given once, and of its type."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shikanji.kit.errors import Problem
from shikanji.kit.web.query import QueryDecoder
from tests.kit.web.edge import ListTeas, tea_client


async def test_parameters_arrive_as_their_types() -> None:
    query = QueryDecoder(ListTeas).decode(
        b"kind=green&isHot=true&tag=1&tag=b&warmerThan=1.5&limit=7.0&q=a+b%20c&shelf=-3&size=2"
        b"&brewedAfter=2026-11-22T12:00:00%2B05:30"
    )

    assert query == ListTeas(
        kind="green",
        is_hot=True,
        tag=["1", "b"],
        warmer_than=1.5,
        limit=7,
        q="a b c",
        shelf=-3,
        size=2,
        brewed_after=datetime.fromisoformat("2026-11-22T12:00:00+05:30"),
    )


@pytest.mark.parametrize("query", ["q=7", "q=true", "q=null", "warmerThan=7", "warmerThan=-1e3"])
async def test_a_text_that_looks_like_a_number_stays_a_text_and_a_number_may_be_whole(query: str) -> None:
    answer = await tea_client().ask("GET", f"/teas?{query}")

    assert answer.status == 200


async def test_no_query_means_the_defaults() -> None:
    assert QueryDecoder(ListTeas).decode(b"") == ListTeas()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=null", "limit"),
        ("limit=07", "limit"),
        ("limit=%2B7", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1_0", "limit"),
        ("limit=true", "limit"),
        ("shelf=9223372036854775808", "shelf"),
        ("shelf=" + "9" * 5000, "shelf"),
        ("shelf=--1", "shelf"),
        ("size=3", "size"),
        ("size=a", "size"),
        ("isHot=1", "isHot"),
        ("isHot=TRUE", "isHot"),
        ("brewedAfter=0.5", "brewedAfter"),
        ("brewedAfter=1795000000", "brewedAfter"),
        ("brewedAfter=yesterday", "brewedAfter"),
        ("isHot=yes", "isHot"),
        ("isHot=null", "isHot"),
        ("kind=white", "kind"),
        ("warmerThan=nan", "warmerThan"),
        ("warmerThan=-Infinity", "warmerThan"),
        ("warmerThan=1e400", "warmerThan"),
        ("q=12345678901", "q"),
        ("q=a%00b", "q"),
        ("colour=red", "colour"),
        ("is_hot=true", "is_hot"),
        ("cursor=%%%", "cursor"),
        ("cursor=tea", "cursor"),
        ("cursor=WyJhIl0", "cursor"),
        ("cursor=" + "x" * 600, "cursor"),
    ],
)
async def test_a_wrong_parameter_is_422_and_named(query: str, field: str) -> None:
    answer = await tea_client().ask("GET", f"/teas?{query}")

    assert (answer.status, answer.field) == (422, field), answer.body


async def test_the_allowed_values_are_said() -> None:
    answer = await tea_client().ask("GET", "/teas?kind=white")

    assert answer.json["errors"][0]["message"] == "must be one of black, green"


async def test_a_route_without_a_query_takes_no_parameter() -> None:
    answer = await tea_client().ask("GET", "/crash?debug=1")

    assert (answer.status, answer.field) == (422, "debug")


@pytest.mark.parametrize("query", ["q=%ff", "q=%ed%a0%80", "q=\xe9", "&".join(["tag=a"] * 100)])
async def test_what_is_no_query_string_is_400(query: str) -> None:
    answer = await tea_client().ask("GET", f"/teas?{query}")

    assert answer.status == 400


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_query_or_a_refusal(query: bytes) -> None:
    status = 200
    try:
        QueryDecoder(ListTeas).decode(query)
    except Problem as problem:
        status = problem.status
    assert status in {200, 400, 422}
