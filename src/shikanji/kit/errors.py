"""One small family of errors, each of which knows the status it becomes at the edge (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field: its path as the client wrote it (`items[0].quantity`), and what is allowed."""

    field: str
    message: str


class Problem(Exception):
    """A refusal that the caller can understand. `type` is a stable slug, `title` the short sentence that is the
    same every time, `detail` says what it was this time. Services subclass one of the kinds below, setting
    `type` and `title`."""

    status: int = 500
    type: str = "internal-error"
    title: str = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after_seconds = retry_after_seconds
        self.headers = headers or {}
        """Of the response, besides those that the status asks for."""


class OperatorError(Exception):
    """What whoever runs the platform can put right; the text tells them what it is. No caller ever sees it."""


class BadRequest(Problem):
    status, type, title = 400, "bad-request", "Bad request"


class Unauthorized(Problem):
    status, type, title = 401, "unauthorized", "Sign in to do this"


class Forbidden(Problem):
    status, type, title = 403, "forbidden", "Not allowed"


class NotFound(Problem):
    status, type, title = 404, "not-found", "Not found"


class Conflict(Problem):
    status, type, title = 409, "conflict", "Conflicts with the current state"


class PreconditionFailed(Problem):
    status, type, title = 412, "precondition-failed", "Changed since it was read"


class TooLarge(Problem):
    status, type, title = 413, "too-large", "Too large"


class Invalid(Problem):
    status, type, title = 422, "invalid", "Invalid data"

    @classmethod
    def field(cls, field: str, message: str) -> Self:
        """The usual case: one field is wrong."""
        return cls(f"{field}: {message}", errors=[FieldError(field, message)])


class TooManyRequests(Problem):
    status, type, title = 429, "too-many-requests", "Too many requests"


class Unavailable(Problem):
    """The work was not done, or nobody can say whether it was: repeat it with the same key."""

    status, type, title = 503, "unavailable", "Not available just now"

    def __init__(self, detail: str = "", *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class RemoteProblem(Problem):
    """A refusal that came from another service, with its own type and status."""

    def __init__(
        self,
        status: int,
        type: str,
        title: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        self.status, self.type, self.title = status, type, title
        super().__init__(detail, errors=errors, retry_after_seconds=retry_after_seconds)

    @classmethod
    def of(cls, problem: Problem) -> "RemoteProblem":
        """What of `problem` reaches another service."""
        return cls(
            problem.status,
            problem.type,
            problem.title,
            problem.detail,
            problem.errors,
            problem.retry_after_seconds,
        )
