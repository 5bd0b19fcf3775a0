"""A service as the parts that join the platform see it: what it is, and what it is given to run."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import aiohttp
import msgspec
import sqlalchemy as sa

from shikanji.kit.auth_tokens import Verifier
from shikanji.kit.cache import Cache
from shikanji.kit.calls import Answers, Calls
from shikanji.kit.clock import Clock
from shikanji.kit.compute import Compute
from shikanji.kit.db.port import Database
from shikanji.kit.events import Event, Subscribers
from shikanji.kit.files import Files
from shikanji.kit.ids import Ids
from shikanji.kit.jobs import Jobs
from shikanji.kit.messages import Messages
from shikanji.kit.web.routes import Routes

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service is. `migrations` is the dotted name of its Alembic package; `publishes` lists every event that it
    may record; `settings` is the struct that `kit.settings` fills for it."""

    name: str
    metadata: sa.MetaData
    migrations: str
    routes: Routes
    publishes: tuple[type[Event], ...]
    subscribers: Subscribers = field(default_factory=Subscribers)
    answers: Answers = field(default_factory=Answers)
    jobs: Jobs = field(default_factory=Jobs)
    settings: type[msgspec.Struct]


class Secrets(Protocol):
    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256 of the platform's secret)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Room:
    """What one service is given to run: its database and the ports to everything else."""

    name: str
    db: Database
    calls: Calls
    clock: Clock
    ids: Ids
    cache: Cache
    files: Files
    messages: Messages
    secrets: Secrets
    verifier: Verifier
    http: aiohttp.ClientSession
    production: bool
    rate_limits: bool
    public_url: str
    _settings: Any
    compute: Compute = field(default_factory=Compute)

    def settings(self, kind: type[S]) -> S:
        if not isinstance(self._settings, kind):
            raise TypeError(f"{self.name} has {type(self._settings).__name__}, not {kind.__name__}")
        return self._settings
