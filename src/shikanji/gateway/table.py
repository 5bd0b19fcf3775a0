"""Which service answers which path: all routes of all services in one tree of segments."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shikanji.gateway.problems import Header
from shikanji.kit.web.negotiation import Produced
from shikanji.kit.web.router import Router
from shikanji.kit.web.routes import RateClass

_JSON = Produced("application/json")
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """What answers one method of one path, and the rules it is asked under."""

    service: str
    method: str
    path: str
    """As the route declares it; the label of logs and metrics."""
    headers: list[Header] = field(default_factory=list)
    """Put on every answer: security, version, deprecation, caching."""
    shared_headers: list[Header] = field(default_factory=list)
    """Instead of `headers` on an answer from the response cache."""
    rate: RateClass | None = RateClass.NORMAL
    """None: never limited (health, metrics)."""
    identify: bool = True
    """False: Authorization is not ours to judge (webhooks, the sandbox)."""
    open: bool = True
    """Whether anonymous callers may ask."""
    cache_seconds: int = 0
    own_caching: bool = False
    """Whether the service may say how long an answer is kept."""
    body_bytes_max: int | None = None
    """None: as the gateway's settings say."""
    produced: Produced = _JSON
    compress: bool = True
    """False where an answer holds a secret beside what the caller typed (BREACH)."""
    own: Callable[[Any], Awaitable[None]] | None = None
    """The gateway's own pages answer by this and ask no service."""


class RouteTable:
    """A mounted prefix answers what no route does."""

    def __init__(self, targets: Sequence[Target], mounts: Mapping[str, Target]) -> None:
        _refuse_doubles(targets)
        self._router = Router(targets)
        self._mounts = sorted(((f"{prefix}/", target) for prefix, target in mounts.items()), reverse=True)

    def find(self, path: str) -> Mapping[str, Target] | Target | None:
        """The methods of the path, the mount that takes any method, or None."""
        found = self._router.find(path)
        if found is not None:
            return found[0]
        for prefix, target in self._mounts:
            if path.startswith(prefix) or path == prefix[:-1]:
                return target
        return None


def _refuse_doubles(targets: Sequence[Target]) -> None:
    seen: dict[str, Target] = {}
    for target in targets:
        shape = f"{target.method} " + _PARAMETER.sub("{}", target.path)
        other = seen.setdefault(shape, target)
        if other is not target:
            raise ValueError(f"{target.method} {target.path}: both {other.service} and {target.service} answer it")
