"""The OpenAPI 3.1 document of any services, from the declarations that run them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from shikanji.kit.errors import Problem
from shikanji.kit.json_schema import Schemas
from shikanji.kit.service import Service
from shikanji.kit.web.envelope import ProblemBody
from shikanji.kit.web.fields import UUID_PATTERN
from shikanji.kit.web.identity import ACCESS_COOKIE
from shikanji.kit.web.openapi_answers import Refusals, success_response
from shikanji.kit.web.routes import PATH_TEXT_PATTERN, Idempotency, PathParameter, RateClass, Route, Who

Json = dict[str, Any]

SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": ACCESS_COOKIE,
        "description": "Set by signing in from a browser. Writes then need the Origin of the platform's own pages.",
    },
}
KEY_PATTERN = "^[A-Za-z0-9._:-]{16,128}$"


def openapi(
    services: Iterable[Service],
    *,
    title: str,
    version: str,
    description: str = "",
    server: str = "/",
    everywhere: Sequence[type[Problem]] = (),
) -> Json:
    """The document as plain values, the same for the same services in any order. `everywhere` are the refusals of what
    stands before the services."""
    routes = sorted((route for service in services for route in service.routes.all), key=_order)
    schemas = Schemas(_types(routes))
    names = _operation_ids(routes)
    refusals = Refusals(everywhere)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names[route.name], schemas, refusals)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "servers": [{"url": server}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in routes})],
        "paths": paths,
        "components": {
            "schemas": _used(schemas, routes) | refusals.schemas(schemas),
            "responses": refusals.responses(),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _order(route: Route) -> tuple[str, int]:
    return route.path, ("GET", "POST", "PUT", "PATCH", "DELETE").index(route.method)


def _types(routes: Iterable[Route]) -> list[Any]:
    types: list[Any] = [ProblemBody]
    for route in routes:
        types += [kind for kind in (route.body, route.query, route.returns) if kind is not None]
    return types


def _used(schemas: Schemas, routes: Iterable[Route]) -> Json:
    """All components but the query structs, which stand in the document as parameters."""
    queries = {schemas.of(route.query).get("$ref", "").rpartition("/")[2] for route in routes if route.query}
    return {name: schema for name, schema in schemas.components.items() if name not in queries}


def _operation_ids(routes: Iterable[Route]) -> dict[str, str]:
    """The endpoint's name; with the tag before it where two tags use the same name."""
    routes = list(routes)
    plain = {route.name: _camel(route.endpoint.__name__) for route in routes}
    count = Counter(plain.values())
    return {
        route.name: plain[route.name]
        if count[plain[route.name]] == 1
        else _camel(f"{route.tag}_{route.endpoint.__name__}".replace("-", "_"))
        for route in routes
    }


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def _operation(route: Route, operation_id: str, schemas: Schemas, refusals: Refusals) -> Json:
    operation: Json = {"operationId": operation_id, "tags": [route.tag], "summary": route.summary}
    if route.description:
        operation["description"] = route.description
    if parameters := _parameters(route, schemas):
        operation["parameters"] = parameters
    if body := _request_body(route, schemas):
        operation["requestBody"] = body
    operation["responses"] = {
        str(status): response
        for status, response in sorted((success_response(route, schemas) | refusals.of(route)).items())
    }
    operation["security"] = _security(route)
    if route.deprecated_since is not None:
        operation["deprecated"] = True
    return operation


def _security(route: Route) -> list[Json]:
    required: list[Json] = [{"bearer": []}, {"cookie": []}]
    if route.who is not Who.ANYONE:
        return required
    return [] if route.rate is RateClass.AUTH else [{}, *required]


def _parameters(route: Route, schemas: Schemas) -> list[Json]:
    return [
        *(_path_parameter(parameter) for parameter in route.parameters),
        *_query_parameters(route, schemas),
        *_header_parameters(route),
    ]


def _path_parameter(parameter: PathParameter) -> Json:
    text = {"type": "string", "pattern": f"^{PATH_TEXT_PATTERN}$"}
    schema = {"type": "string", "format": "uuid", "pattern": UUID_PATTERN} if parameter.uuid else text
    return {"name": parameter.name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route, schemas: Schemas) -> Iterable[Json]:
    if route.query is None:
        return
    struct = schemas.resolved(route.query)
    for name, schema in struct["properties"].items():
        schema = _without_null(schema)
        parameter: Json = {
            "name": name,
            "in": "query",
            "required": name in struct.get("required", ()),
            "schema": schema,
        }
        if description := schema.pop("description", None):
            parameter["description"] = description
        yield parameter


def _without_null(schema: Json) -> Json:
    """A parameter that has no value is left out; there is no null in a query."""
    schema = dict(schema)
    if schema.get("default", ...) is None:
        del schema["default"]
    if "anyOf" in schema:
        types = [part for part in schema.pop("anyOf") if part != {"type": "null"}]
        schema |= types[0] if len(types) == 1 else {"anyOf": types}
    elif None in schema.get("enum", ()):
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return schema


def _header_parameters(route: Route) -> Iterable[Json]:
    if route.idempotency is not Idempotency.IGNORED:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": route.idempotency is Idempotency.REQUIRED,
            "description": "A fresh UUID for a new request, the same one for its repeats.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
        }
    if route.editable and route.method != "POST":
        yield {
            "name": "If-None-Match" if route.method == "GET" else "If-Match",
            "in": "header",
            "required": False,
            "description": "The ETag of what the client has.",
            "schema": {"type": "string"},
        }


def _request_body(route: Route, schemas: Schemas) -> Json | None:
    if route.consumes:
        return {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in route.consumes},
        }
    if route.raw_body:
        return {"required": False, "content": {"application/json": {"schema": {}}}}
    if route.body is None:
        return None
    required = bool(schemas.resolved(route.body).get("required")) or "anyOf" in schemas.resolved(route.body)
    return {"required": required, "content": {"application/json": {"schema": schemas.of(route.body)}}}


def render(document: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
