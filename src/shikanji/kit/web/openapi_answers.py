"""What a route may answer, for its OpenAPI document: its result, and every refusal that it or the edge makes."""

from collections.abc import Iterable, Sequence
from typing import Any

from shikanji.kit.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Problem,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from shikanji.kit.json_schema import Schema, Schemas
from shikanji.kit.web.app import KeyMalformed, KeyMissing
from shikanji.kit.web.body import UnsupportedKind, UnsupportedMediaType
from shikanji.kit.web.decode import BodyTooLarge, NotJson, TooDeep
from shikanji.kit.web.envelope import ProblemBody
from shikanji.kit.web.idempotency import ClaimLost, InFlight, KeyReused
from shikanji.kit.web.identity import SAFE_METHODS, CrossOrigin
from shikanji.kit.web.negotiation import NotAcceptable
from shikanji.kit.web.routes import Idempotency, RateClass, Route, Who

Json = dict[str, Any]

_EDGE: tuple[type[Problem], ...] = (
    BadRequest,
    NotJson,
    KeyMissing,
    KeyMalformed,
    Unauthorized,
    Forbidden,
    CrossOrigin,
    NotFound,
    NotAcceptable,
    Conflict,
    InFlight,
    ClaimLost,
    PreconditionFailed,
    BodyTooLarge,
    TooDeep,
    UnsupportedMediaType,
    UnsupportedKind,
    Invalid,
    KeyReused,
    TooManyRequests,
    Unavailable,
)
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}


def success_response(route: Route, schemas: Schemas) -> dict[int, Json]:
    response: Json = {"description": "Done."}
    if headers := _success_headers(route):
        response["headers"] = headers
    if route.status != 204:
        response["content"] = {
            media_type.partition(";")[0]: {"schema": _content(route, media_type, schemas)}
            for media_type in route.media_types
        }
    answers = {route.status: response}
    if route.editable and route.method in SAFE_METHODS:
        answers[304] = {"description": "Not changed since the client read it.", "headers": {"ETag": _etag()}}
    return answers


def _content(route: Route, media_type: str, schemas: Schemas) -> Schema:
    if not media_type.startswith("application/json"):
        return {"type": "string"}
    data: Schema = {"type": "null"} if route.returns is None else schemas.of(route.returns)
    if route.bare:
        return data
    envelope: Schema = {
        "type": "object",
        "properties": {"success": {"const": True}, "data": data},
        "required": ["success", "data"],
        "additionalProperties": False,
    }
    if route.page:
        cursor = {
            "description": "For the next page; null on the last.",
            "anyOf": [{"type": "string"}, {"type": "null"}],
        }
        envelope["properties"]["meta"] = {
            "type": "object",
            "properties": {"nextCursor": cursor},
            "required": ["nextCursor"],
        }
        envelope["required"].append("meta")
    return envelope


def _success_headers(route: Route) -> Json:
    headers: Json = {}
    if route.editable:
        headers["ETag"] = _etag()
    if route.idempotency is not Idempotency.IGNORED:
        headers["Idempotency-Replayed"] = {
            "description": "`true` when this is the answer of an earlier request with the same key.",
            "schema": {"type": "string", "enum": ["true"]},
        }
    return headers


def _etag() -> Json:
    return {"description": "Names this version, for If-Match.", "schema": {"type": "string"}}


class Refusals:
    """The failures of a document's operations. `everywhere` are those that something before the services makes of any
    request."""

    def __init__(self, everywhere: Sequence[type[Problem]]) -> None:
        self._everywhere = tuple(everywhere)
        self._shared = (*_EDGE, *everywhere)
        self._statuses = sorted({problem.status for problem in self._shared})

    def schemas(self, schemas: Schemas) -> Json:
        """`Problem409` and its like: the failure envelope with its code."""
        body = schemas.of(ProblemBody)
        return {
            f"Problem{status}": {"allOf": [body, {"properties": {"code": {"const": status}}}]}
            for status in self._statuses
        }

    def responses(self) -> Json:
        """The refusals that are made of any request, by status."""
        return {f"Problem{status}": _response(status, _titles(self._shared, status)) for status in self._statuses}

    def of(self, route: Route) -> dict[int, Json]:
        responses: dict[int, Json] = {}
        problems = (*_problems_of_the_edge(route), *self._everywhere, *route.raises)
        for status in {problem.status for problem in problems}:
            own = _titles(route.raises, status)
            responses[status] = _response(status, own) if own else {"$ref": f"#/components/responses/Problem{status}"}
        return responses


def _titles(problems: Iterable[type[Problem]], status: int) -> dict[str, str]:
    return {problem.type: problem.title for problem in problems if problem.status == status}


def _response(status: int, titles: dict[str, str]) -> Json:
    response: Json = {"description": "; ".join(f"{titles[slug]} (`{slug}`)" for slug in sorted(titles))}
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    schema = {"$ref": f"#/components/schemas/Problem{status}"}
    return response | {"content": {"application/problem+json": {"schema": schema}}}


def _problems_of_the_edge(route: Route) -> list[type[Problem]]:
    """What can happen to a request before its endpoint sees it, or on the way back."""
    problems: list[type[Problem]] = [BadRequest, NotAcceptable, Invalid, TooManyRequests, Unavailable]
    guarded = route.who is not Who.ANYONE
    if guarded or route.rate is not RateClass.AUTH:
        problems.append(Unauthorized)
    if route.who in {Who.STAFF, Who.ADMIN}:
        problems.append(Forbidden)
    if guarded and route.method not in SAFE_METHODS:
        problems.append(CrossOrigin)
    if route.parameters:
        problems.append(NotFound)
    if route.body is not None:
        problems += [NotJson, BodyTooLarge, TooDeep, UnsupportedMediaType]
    if route.raw_body:
        problems.append(BodyTooLarge)
    if route.consumes:
        problems.append(UnsupportedKind)
    if route.editable and route.method not in {"GET", "POST"}:
        problems.append(PreconditionFailed)
    if route.idempotency is not Idempotency.IGNORED:
        problems += [KeyMalformed, InFlight, ClaimLost, KeyReused]
    if route.idempotency is Idempotency.REQUIRED:
        problems.append(KeyMissing)
    return problems
