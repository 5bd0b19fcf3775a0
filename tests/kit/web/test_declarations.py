"""What a declaration means, before any request comes."""

import pytest

from shikanji.kit.service import Room
from shikanji.kit.web.headers import Headers
from shikanji.kit.web.query import QueryDecoder
from shikanji.kit.web.routes import Incoming, Routes, Who
from tests.kit.web.edge import RenameTea


async def endpoint(room: Room, incoming: Incoming[None, None]) -> None:
    """Do nothing.

    Very
      carefully."""


def test_a_route_is_declared_once() -> None:
    routes = Routes("teas")
    routes.get("/teas", who=Who.ANYONE)(endpoint)

    with pytest.raises(ValueError, match="GET /teas is declared already"):
        routes.get("/teas", who=Who.ADMIN)(endpoint)


def test_ids_are_uuids_unless_called_text() -> None:
    routes = Routes("teas")
    routes.delete("/teas/{id}/cups/{cupId}/of/{maker}/{batchId:text}", who=Who.ADMIN)(endpoint)

    (route,) = routes.all
    assert route.path == "/teas/{id}/cups/{cupId}/of/{maker}/{batchId}"
    assert {parameter.name: parameter.uuid for parameter in route.parameters} == {
        "id": True,
        "cupId": True,
        "maker": False,
        "batchId": False,
    }


def test_the_first_line_is_the_summary_and_the_rest_the_description() -> None:
    routes = Routes("teas")
    routes.patch("/teas", who=Who.ANYONE)(endpoint)

    assert (routes.all[0].summary, routes.all[0].description) == ("Do nothing.", "Very\n  carefully.")


def test_headers_are_a_mapping_of_lower_case_names() -> None:
    headers = Headers([(b"host", b"shop.test"), (b"x", b"1"), (b"x", b"2")])

    assert dict(headers) == {"host": "shop.test", "x": "2"}
    assert (len(headers), headers.get("y"), headers.get("y", "?")) == (2, None, "?")
    with pytest.raises(KeyError):
        headers["y"]


def test_a_query_struct_that_can_change_is_made_anew_for_every_request() -> None:
    decoder = QueryDecoder(RenameTea)

    assert decoder.decode(b"") is not decoder.decode(b"")
    assert decoder.decode(b"name=x") == RenameTea(name="x")
