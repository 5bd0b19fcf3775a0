"""The shape of every answer."""

import pytest
from structlog.testing import capture_logs

from shikanji.kit.web.envelope import header
from tests.kit.web.edge import CUP, KEY, brew_tea, tea_client


async def test_data_comes_in_the_envelope() -> None:
    answer = await tea_client().ask("GET", f"/teas/{CUP}")

    assert answer.json == {"success": True, "data": {"id": CUP, "cupCount": 3}}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_a_refusal_is_problem_json_and_the_failure_envelope_in_one() -> None:
    answer = await brew_tea({"name": "broken", "cups": 1}, **{"x-request-id": "req-1"})

    assert answer.json == {
        "success": False,
        "error": "The teapot is broken",
        "code": 409,
        "type": "urn:shikanji:problem:teapot-broken",
        "detail": "The teapot is broken",
        "correlationId": "req-1",
    }
    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "7"


async def test_a_refused_field_is_listed() -> None:
    answer = await brew_tea({"name": "masala", "cups": 0})

    assert answer.json["errors"] == [{"field": "cups", "message": "must be at least 1"}]
    assert answer.json["detail"] == "cups: must be at least 1"


async def test_pages_follow_one_another_to_the_end() -> None:
    seen: list[int] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        answer = await tea_client().ask("GET", f"/teas?limit=2{cursor and f'&cursor={cursor}'}")
        seen += [tea["cupCount"] for tea in answer.data]
        cursor = answer.json["meta"]["nextCursor"]
        pages += 1

    assert (seen, pages) == ([0, 1, 2, 3, 4], 3)


async def test_an_answer_without_content_has_no_body() -> None:
    answer = await tea_client().ask("DELETE", f"/teas/{CUP}", token="boss")

    assert (answer.status, answer.headers, answer.body) == (204, {}, b"")


async def test_a_bare_answer_is_the_data_itself() -> None:
    answer = await tea_client().ask("GET", "/keys.json")

    assert answer.json == {"keys": 1}


async def test_what_is_no_json_goes_out_as_it_is() -> None:
    answer = await tea_client().ask("GET", "/leaflet", headers={"accept": "text/html"})
    refused = await tea_client().ask("GET", "/leaflet", headers={"accept": "application/json"})

    assert (answer.headers["content-type"], answer.body) == ("text/html; charset=utf-8", b"<h1>Tea</h1>")
    assert refused.status == 406


async def test_each_cookie_is_a_header_of_its_own() -> None:
    answer = await tea_client().ask("POST", "/teas/sign-in", {})

    assert [value for name, value in answer.pairs if name == "set-cookie"] == ["a=1; HttpOnly", "b=2"]


async def test_a_fault_of_ours_is_logged_and_tells_the_client_only_where_to_find_it() -> None:
    with capture_logs() as logs:
        answer = await tea_client().ask("GET", "/crash", headers={"x-request-id": "req-2"})

    assert (answer.status, answer.json["correlationId"]) == (500, "req-2")
    assert b"boiling" not in answer.body
    assert logs[0]["correlation_id"] == "req-2"


def test_a_header_cannot_smuggle_in_another() -> None:
    with pytest.raises(ValueError, match="line break"):
        header("Location", "/teas\r\nSet-Cookie: a=b")


@pytest.mark.parametrize("given", ["", "has space", "x" * 129, "a\u00e9"])
async def test_a_strange_request_id_is_replaced(given: str) -> None:
    answer = await tea_client().ask("GET", "/nowhere", headers={"x-request-id": given})

    assert answer.json["correlationId"] not in {"", given}


async def test_what_did_not_change_is_not_sent_again() -> None:
    first = await tea_client().ask("GET", f"/teas/{CUP}")
    again = await tea_client().ask("GET", f"/teas/{CUP}", headers={"if-none-match": f'W/{first.headers["etag"]}, "0"'})

    assert (first.headers["etag"], again.status, again.body) == ('"3"', 304, b"")
    assert again.headers["etag"] == '"3"'


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 200), ('"3"', 200), ("*", 200), ('"2", "3"', 200), ('"2"', 412), ("", 412)]
)
async def test_an_edit_of_something_stale_is_412_and_without_if_match_the_last_write_wins(
    if_match: str | None, status: int
) -> None:
    headers = {} if if_match is None else {"if-match": if_match}

    answer = await tea_client().ask("PUT", f"/teas/{CUP}", {"name": "x"}, token="cook", headers=headers)

    assert answer.status == status


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space in the key", "naïve-key-of-16-chars", ""])
async def test_a_malformed_idempotency_key_is_400(key: str) -> None:
    required = await brew_tea({"name": "a", "cups": 1}, **{"idempotency-key": key})
    optional = await tea_client().ask("PUT", f"/teas/{CUP}", {}, token="cook", headers={"idempotency-key": key})

    assert (required.status, optional.status) == (400, 400)
    assert required.json["type"] == "urn:shikanji:problem:idempotency-key-malformed"


async def test_a_missing_idempotency_key_is_400_where_one_is_required() -> None:
    answer = await tea_client().ask("POST", "/teas", {"name": "a", "cups": 1}, token="guest")

    assert (answer.status, answer.json["type"]) == (400, "urn:shikanji:problem:idempotency-key-missing")


async def test_an_idempotency_key_is_ignored_where_none_is_asked_for() -> None:
    answer = await tea_client().ask("POST", "/teas/sign-in", {}, headers={"idempotency-key": "?"})

    assert answer.status == 200


async def test_bodies_of_the_same_meaning_have_the_same_hash_and_others_not() -> None:
    async def hash_of(path: str, body: bytes) -> str:
        answer = await tea_client().ask("PUT", path, body, token="cook", headers={"idempotency-key": KEY})
        return answer.headers["x-body-hash"]

    one = await hash_of(f"/teas/{CUP}", b'{"name": "x"}')

    assert one == await hash_of(f"/teas/{CUP}", b'{ "n\\u0061me":"x" }')
    assert one != await hash_of(f"/teas/{CUP}", b'{"name": "y"}')
    assert one != await hash_of(f"/teas/{CUP[:-1]}2", b'{"name": "x"}')
