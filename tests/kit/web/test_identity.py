"""Who may ask: tokens, cookies, and the coarse guard of a route."""

import pytest

from tests.kit.web.edge import CUP, KEY, tea_client


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/teas", {None, "guest", "cook", "boss"}),
        ("GET", "/teas/favourite", {"guest", "cook", "boss"}),
        ("PUT", f"/teas/{CUP}", {"cook", "boss"}),
        ("DELETE", f"/teas/{CUP}", {"boss"}),
    ],
)
async def test_a_route_admits_exactly_whom_it_says(method: str, path: str, allowed: set[str | None]) -> None:
    for token in (None, "guest", "cook", "boss"):
        answer = await tea_client().ask(method, path, token=token)

        if token in allowed:
            assert answer.status in {200, 204}
        else:
            assert answer.status == (401 if token is None else 403), (token, answer.body)


async def test_401_says_how_to_sign_in() -> None:
    answer = await tea_client().ask("GET", "/teas/favourite")

    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer forged", "Basic Z3Vlc3Q6", "Bearer", "", "guest"])
async def test_a_bad_authorization_is_401_even_where_anyone_may_ask(authorization: str) -> None:
    answer = await tea_client().ask("GET", "/teas", headers={"authorization": authorization})

    assert answer.status == 401


async def test_signing_in_never_looks_at_an_old_token() -> None:
    answer = await tea_client().ask("POST", "/teas/sign-in", headers={"authorization": "Bearer forged"})

    assert (answer.status, answer.data["id"]) == (200, "")


async def test_a_good_token_is_known_where_anyone_may_ask() -> None:
    answer = await tea_client().ask("GET", "/teas/favourite", headers={"authorization": "bearer guest"})

    assert answer.data["id"] == "guest"


async def test_the_cookie_counts_as_the_token() -> None:
    answer = await tea_client().ask("GET", "/teas/favourite", headers={"cookie": "a=b; shikanji_access=guest; c=d"})

    assert answer.data["id"] == "guest"


async def test_a_stale_cookie_makes_a_stranger_where_anyone_may_ask_and_is_401_elsewhere() -> None:
    cookie = {"cookie": "shikanji_access=expired"}

    assert (await tea_client().ask("GET", "/teas", headers=cookie)).status == 200
    assert (await tea_client().ask("GET", "/teas/favourite", headers=cookie)).status == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 403),
        ("null", 403),
        ("http://evil.test", 403),
        ("http://shop.test.evil.test", 403),
        ("ftp://shop.test", 403),
        ("http://shop.test", 200),
        ("https://shop.test", 200),
    ],
)
async def test_a_write_by_cookie_must_come_from_our_own_pages(origin: str | None, status: int) -> None:
    headers = {"cookie": "shikanji_access=cook"} | ({} if origin is None else {"origin": origin})

    answer = await tea_client().ask("PUT", f"/teas/{CUP}", {"name": "x"}, headers=headers)

    assert answer.status == status


async def test_a_write_by_bearer_token_may_come_from_anywhere() -> None:
    answer = await tea_client().ask(
        "PUT", f"/teas/{CUP}", {"name": "x"}, token="cook", headers={"origin": "http://evil.test"}
    )

    assert answer.status == 200


async def test_a_cross_origin_cookie_makes_a_stranger_where_anyone_may_write() -> None:
    answer = await tea_client().ask(
        "POST", "/hooks/x", b"{}", headers={"cookie": "shikanji_access=guest", "origin": "http://evil.test"}
    )

    assert answer.status == 200


async def test_the_guard_comes_before_everything_that_a_stranger_could_learn_from() -> None:
    answers = [
        await tea_client().ask("PUT", "/teas/not-an-id", b"{", headers={"idempotency-key": "x"}),
        await tea_client().ask("POST", "/teas", b"{", headers={"idempotency-key": KEY}),
    ]

    assert [answer.status for answer in answers] == [401, 401]


async def test_the_gateway_says_where_the_client_is() -> None:
    direct = await tea_client().ask("POST", "/hooks/x", b"{}")
    through = await tea_client().ask("POST", "/hooks/x", b"{}", headers={"x-forwarded-for": "203.0.113.7"})

    assert (direct.data["id"], through.data["id"]) == ("10.0.0.9", "203.0.113.7")
