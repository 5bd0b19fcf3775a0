"""Which request, event or job the present piece of work belongs to: set where work enters, read where rows, logs and
calls are written. It follows tasks and must be carried into worker threads by who starts the work there."""

from contextvars import ContextVar
from typing import NamedTuple


class Cause(NamedTuple):
    """`correlation_id` is the same all the way from a client's request to its last effect; `causation_id` is the
    request or event right before this piece of work."""

    correlation_id: str
    causation_id: str


cause: ContextVar[Cause] = ContextVar("cause", default=Cause("", ""))
