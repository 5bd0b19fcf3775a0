"""The platform's own settings; each service's stand in its `settings.py`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from shikanji.kit.failpoints import armed
from shikanji.kit.secrets import SECRET_BYTES_MIN
from shikanji.kit.settings import SettingsError, Source

_ORIGIN = {"form": "an address without a path, such as https://order.example.in"}
_DATABASE = {"form": "a URL with {service} in it: sqlite:///folder/{service}.db or postgresql://host/{service}"}


class PlatformSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`SHIKANJI_<FIELD>` in the environment sets each."""

    mode: Literal["demo", "production"] = "demo"
    """production: no demo data, no sandbox provider, no development outbox; wants `secret` and `smtp_url`."""
    data_dir: Annotated[str, msgspec.Meta(min_length=1)] = "data"
    """Databases, files, the secret and the lock; one process at a time works in it."""
    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8_000
    public_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+$", extra=_ORIGIN)] | None = None
    """Where clients and payment companies reach the platform; None: `http://localhost:<port>`."""
    database_url: (
        Annotated[str, msgspec.Meta(pattern=r"^(sqlite:///|postgresql://).*\{service\}", extra=_DATABASE)] | None
    ) = None
    """`{service}` stands for the service's name; None: `sqlite:///<data_dir>/{service}.db`."""
    files_url: (
        Annotated[
            str, msgspec.Meta(pattern=r"^(file|s3|memory)://", extra={"form": "a URL: file://…, s3://… or memory://"})
        ]
        | None
    ) = None
    """None: a folder in `data_dir`."""
    secret: Annotated[str, msgspec.Meta(min_length=SECRET_BYTES_MIN)] | None = None
    """All keys are derived from it; None: one is made and kept in `data_dir`."""
    rate_limits: Literal["on", "off"] = "on"
    """off: for load tests; lifts request limits and caps on open orders and holds, never those on guessing codes."""
    smtp_url: (
        Annotated[str, msgspec.Meta(pattern=r"^smtps?://", extra={"form": "a URL: smtp://… or smtps://…"})] | None
    ) = None
    """`smtp[s]://[user:password@]host[:port]`; None: messages go to the development outbox, `/dev/outbox`."""
    mail_from: Annotated[str, msgspec.Meta(pattern=r"^[^\s@]+@[^\s@]+$", extra={"form": "a mail address"})] = (
        "orders@shikanji.test"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: (
        Annotated[str, msgspec.Meta(pattern=r"^https?://", extra={"form": "a URL: http://… or https://…"})] | None
    ) = None
    """Where traces go (OTLP over HTTP); None: nowhere."""

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def folder(self) -> Path:
        return Path(self.data_dir)

    @property
    def database_template(self) -> str:
        """The URL of every service's database, with `{service}` in it."""
        return self.database_url or f"sqlite:///{self.folder.resolve()}/{{service}}.db"

    @property
    def embedded(self) -> bool:
        """Whether the databases are files that this process alone owns."""
        return self.database_template.startswith("sqlite:")


class Configuration:
    """Every setting of this process, read once and checked as a whole."""

    def __init__(self, environment: Mapping[str, str], services: Mapping[str, type[msgspec.Struct]]) -> None:
        """Raises SettingsError naming every wrong value."""
        source = Source(environment)
        self.platform = source.fill(PlatformSettings)
        self.services = {name: source.fill(kind, name) for name, kind in services.items()}
        source.check()
        _refuse_demo_in_production(self.platform)


def _refuse_demo_in_production(settings: PlatformSettings) -> None:
    if not settings.production:
        return
    refused = {
        "SHIKANJI_SECRET must be set in production: a line of at least 32 random characters": settings.secret is None,
        "SHIKANJI_SMTP_URL must be set in production: the development outbox is for demos": settings.smtp_url is None,
        "SHIKANJI_PUBLIC_URL must be set in production": settings.public_url is None,
        "SHIKANJI_RATE_LIMITS=off is for load tests and is refused in production": settings.rate_limits == "off",
        "SHIKANJI_FAILPOINT is for crash tests and is refused in production": armed() != "",
    }
    problems = [problem for problem, wrong in refused.items() if wrong]
    if problems:
        raise SettingsError(problems)
