"""Which route answers, and what is said where none does."""

import pytest

from tests.kit.web.edge import CUP, tea_client


async def test_a_fixed_segment_wins_over_a_parameter() -> None:
    favourite = await tea_client().ask("GET", "/teas/favourite", token="guest")
    shown = await tea_client().ask("GET", f"/teas/{CUP}")

    assert (favourite.data["id"], shown.data["id"]) == ("guest", CUP)


async def test_several_parameters_keep_their_order() -> None:
    answer = await tea_client().ask("GET", f"/shelves/top:left/teas/{CUP}")

    assert answer.data["id"] == f"top:left/{CUP}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/tea",
        "/teas/",
        f"/teas/{CUP}/",
        "//teas",
        "/teas/1",
        f"/teas/{CUP.upper().replace('0', 'A')}",
        f"/teas/{CUP[:-1]}g",
        f"/teas/{CUP}\n",
        f"/shelves/a\x00b/teas/{CUP}",
        f"/shelves//teas/{CUP}",
        "/teas/%00",
    ],
)
async def test_a_path_that_leads_nowhere_is_404(path: str) -> None:
    answer = await tea_client().ask("GET", path)

    assert (answer.status, answer.json["type"]) == (404, "urn:shikanji:problem:not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/teas", "GET, HEAD, POST"),
        ("TRACE", "/teas", "GET, HEAD, POST"),
        ("OPTIONS", f"/teas/{CUP}", "DELETE, GET, HEAD, PUT"),
        ("GET", "/teas/sign-in", "POST"),
        ("HEAD", "/teas/sign-in", "POST"),
    ],
)
async def test_a_method_that_a_path_lacks_is_405_and_the_others_are_named(method: str, path: str, allow: str) -> None:
    answer = await tea_client().ask(method, path)

    assert (answer.status, answer.headers["allow"]) == (405, allow)


async def test_head_is_get_without_the_body() -> None:
    get = await tea_client().ask("GET", f"/teas/{CUP}")
    head = await tea_client().ask("HEAD", f"/teas/{CUP}")

    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


@pytest.mark.parametrize("accept", ["image/png", "text/html, image/*", "application/json;q=0", "nonsense", ""])
async def test_a_client_that_takes_no_json_is_told_406(accept: str) -> None:
    answer = await tea_client().ask("GET", "/teas", headers={"accept": accept})

    assert answer.status == 406


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/*;q=0.1", "text/html, application/json;q=0.5", "image/png, */*"]
)
async def test_a_client_that_takes_json_among_others_gets_it(accept: str) -> None:
    answer = await tea_client().ask("GET", "/teas", headers={"accept": accept})

    assert answer.status == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/pdf"),
        ("text/html, application/pdf, */*;q=0.1", "application/pdf"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/json, application/pdf", "application/pdf"),
    ],
)
async def test_what_is_on_paper_and_in_figures_is_paper_to_whoever_does_not_prefer_json(accept: str, kind: str) -> None:
    answer = await tea_client().ask("GET", "/card", headers={"accept": accept})

    assert (answer.status, answer.headers["content-type"]) == (200, kind)


async def test_what_is_on_paper_and_in_figures_is_not_a_picture() -> None:
    assert (await tea_client().ask("GET", "/card", headers={"accept": "image/png"})).status == 406


async def test_a_service_speaks_http_only() -> None:
    app = tea_client()._app

    with pytest.raises(RuntimeError, match="websocket"):
        await app({"type": "websocket"}, None, None)
