"""The document says what the edge does."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from shikanji.kit.errors import Problem
from shikanji.kit.service import Room, Service
from shikanji.kit.web.openapi import openapi, render
from shikanji.kit.web.routes import Incoming, Routes, Who
from tests.kit.web.edge import service


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi([service], title="Tea shop", version="1", description="All about tea.")


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {parameter["name"]: parameter for parameter in operation["parameters"]}


def test_every_route_is_an_operation(document: dict[str, Any]) -> None:
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert operations == {route.name for route in service.routes.all}


def test_the_docstring_is_the_documentation(document: dict[str, Any]) -> None:
    operation = document["paths"]["/teas"]["post"]

    assert (operation["summary"], operation["description"]) == ("Brew a tea.", "Takes its time.")
    assert operation["operationId"] == "brew"


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("post", "/teas", {201, 400, 401, 403, 406, 409, 413, 415, 422, 429, 503}),
        ("get", "/teas", {200, 400, 401, 406, 422, 429, 503}),
        ("get", "/teas/{id}", {200, 304, 400, 401, 404, 406, 422, 429, 503}),
        ("put", "/teas/{id}", {200, 400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 429, 503}),
        ("delete", "/teas/{id}", {204, 400, 401, 403, 404, 406, 422, 429, 503}),
        ("post", "/teas/sign-in", {200, 400, 406, 413, 415, 422, 429, 503}),
        ("post", "/hooks/{provider}", {200, 400, 401, 404, 406, 413, 422, 429, 503}),
    ],
)
def test_every_status_that_can_happen_is_named(
    document: dict[str, Any], method: str, path: str, statuses: set[int]
) -> None:
    assert {int(status) for status in document["paths"][path][method]["responses"]} == statuses


def test_a_declared_refusal_is_described(document: dict[str, Any]) -> None:
    response = document["paths"]["/teas"]["post"]["responses"]["409"]

    assert response["description"] == "The teapot is broken (`teapot-broken`)"
    assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem409"}


def test_data_is_described_inside_the_envelope(document: dict[str, Any]) -> None:
    content = document["paths"]["/teas"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert content["properties"]["data"] == {"type": "array", "items": {"$ref": "#/components/schemas/Tea"}}
    assert content["required"] == ["success", "data", "meta"]
    bare = document["paths"]["/keys.json"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert bare["additionalProperties"]["type"] == "integer"


def test_a_query_struct_becomes_parameters(document: dict[str, Any]) -> None:
    found = parameters(document["paths"]["/teas"]["get"])

    assert found["kind"]["schema"] == {"enum": ["black", "green"]}
    assert found["isHot"]["schema"] == {"type": "boolean"}
    assert (found["limit"]["required"], found["limit"]["schema"]["maximum"]) == (False, 100)
    assert "ListTeas" not in document["components"]["schemas"]


def test_the_idempotency_key_is_a_header_where_it_counts(document: dict[str, Any]) -> None:
    assert parameters(document["paths"]["/teas"]["post"])["Idempotency-Key"]["required"] is True
    assert parameters(document["paths"]["/teas/{id}"]["put"])["Idempotency-Key"]["required"] is False
    assert "If-Match" in parameters(document["paths"]["/teas/{id}"]["put"])
    assert "parameters" not in document["paths"]["/teas/sign-in"]["post"]


def test_what_an_id_is_shows_in_the_path(document: dict[str, Any]) -> None:
    found = parameters(document["paths"]["/shelves/{shelfId}/teas/{teaId}"]["get"])

    assert found["teaId"]["schema"]["format"] == "uuid"
    assert "format" not in found["shelfId"]["schema"]


@pytest.mark.parametrize(
    ("method", "path", "security"),
    [
        ("post", "/teas", [{"bearer": []}, {"cookie": []}]),
        ("get", "/teas", [{}, {"bearer": []}, {"cookie": []}]),
        ("post", "/teas/sign-in", []),
    ],
)
def test_who_may_ask_shows_as_security(document: dict[str, Any], method: str, path: str, security: list[Any]) -> None:
    assert document["paths"][path][method]["security"] == security


def test_a_body_is_required_unless_all_its_fields_may_be_left_out(document: dict[str, Any]) -> None:
    assert document["paths"]["/teas"]["post"]["requestBody"]["required"] is True
    assert document["paths"]["/teas/sign-in"]["post"]["requestBody"]["required"] is False


def test_unknown_fields_are_refused_in_the_document_too(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["BrewTea"]["additionalProperties"] is False


def test_endpoints_of_one_name_get_their_tag_before_it() -> None:
    coffees = Routes("coffees")

    @coffees.get("/coffees/favourite", who=Who.ANYONE, deprecated_since="2026-01-01")
    async def favourite(room: Room, incoming: Incoming[None, None]) -> None:
        """A favourite coffee."""

    other = Service(
        name="x", metadata=sa.MetaData(), migrations="", routes=coffees, publishes=(), settings=service.settings
    )
    paths = openapi([service, other], title="", version="")["paths"]

    assert paths["/teas/favourite"]["get"]["operationId"] == "teasFavourite"
    assert paths["/coffees/favourite"]["get"]["operationId"] == "coffeesFavourite"
    assert paths["/coffees/favourite"]["get"]["deprecated"] is True


def test_what_stands_before_the_services_may_refuse_everything() -> None:
    class Closed(Problem):
        status, type, title = 418, "closed", "The shop is closed"

    found = openapi([service], title="", version="", everywhere=[Closed])

    assert all("418" in operation["responses"] for path in found["paths"].values() for operation in path.values())
    assert found["components"]["responses"]["Problem418"]["description"] == "The shop is closed (`closed`)"


def test_rendering_is_the_same_every_time(document: dict[str, Any]) -> None:
    again = openapi([service], title="Tea shop", version="1", description="All about tea.")

    assert render(document) == render(again)
    assert msgspec.json.decode(render(document)) == msgspec.json.decode(msgspec.json.encode(document))
