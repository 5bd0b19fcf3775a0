"""Answers on the wire: data in the success envelope, refusals as problem+json that is the failure envelope too."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from shikanji.kit.errors import FieldError, Problem

HeaderPairs = list[tuple[bytes, bytes]]

PROBLEM_TYPE_PREFIX = "urn:shikanji:problem:"
JSON = (b"content-type", b"application/json")
PROBLEM_JSON = (b"content-type", b"application/problem+json")

_encode = msgspec.json.Encoder().encode


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A failure as clients read it: RFC 9457 and the platform's envelope in one."""

    success: Literal[False]
    error: str
    code: int
    type: str
    detail: str
    errors: Sequence[FieldError] = ()
    correlation_id: str


class Response(msgspec.Struct):
    status: int
    headers: HeaderPairs
    body: bytes


def bare(data: Any) -> bytes:
    return _encode(data)


def success(data: Any, *, page: bool = False, next_cursor: str | None = None) -> bytes:
    if page:
        return b'{"success":true,"data":%b,"meta":{"nextCursor":%b}}' % (_encode(data), _encode(next_cursor))
    return b'{"success":true,"data":%b}' % _encode(data)


def header(name: str, value: str) -> tuple[bytes, bytes]:
    """Raises ValueError for a value that would begin a header of its own."""
    if "\r" in value or "\n" in value:
        raise ValueError(f"a line break in the header {name}")
    return name.lower().encode("latin-1"), value.encode("latin-1")


def problem_response(problem: Problem, correlation_id: str) -> Response:
    headers: HeaderPairs = [PROBLEM_JSON]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retry_after_seconds is not None:
        headers.append((b"retry-after", str(problem.retry_after_seconds).encode()))
    headers += [header(name, value) for name, value in problem.headers.items()]
    return Response(problem.status, headers, problem_json(problem, correlation_id))


def problem_json(problem: Problem, correlation_id: str) -> bytes:
    return _encode(
        ProblemBody(
            success=False,
            error=problem.title,
            code=problem.status,
            type=PROBLEM_TYPE_PREFIX + problem.type,
            detail=problem.detail,
            errors=problem.errors,
            correlation_id=correlation_id,
        )
    )
