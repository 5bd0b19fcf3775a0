"""The platform's own settings; each service's stand in its `settings.py`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from shikanji.kit.failpoints import armed
from shikanji.kit.files import S3Access
from shikanji.kit.secrets import SECRET_BYTES_MIN
from shikanji.kit.settings import SettingsError, Source

S = TypeVar("S", bound=msgspec.Struct)

_ORIGIN = {"form": "an address without a path, such as https://order.example.in"}
_ENDPOINT = {"form": "an address without a path, such as https://<account>.r2.cloudflarestorage.com"}
_BUS = {"form": "local: or a URL: nats://host:port"}
_CACHE = {"form": "memory: or a URL: valkey://host:port"}
_COPIES = {"form": "services with their addresses: order=http://10.0.0.5:9001,http://10.0.0.6:9001;store=http://…"}
_ADDRESS = r"https?://[^/\s,;=]+"
_COPY = rf"[a-z]+={_ADDRESS}(,{_ADDRESS})*"
COPIES_PATTERN = rf"^({_COPY}(;{_COPY})*)?$"
LOCAL_BUS, MEMORY_CACHE = "local:", "memory:"
_DATABASE = {"form": "a URL with {service} in it: sqlite:///folder/{service}.db or postgresql://host/{service}"}


class PlatformSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`SHIKANJI_<FIELD>` in the environment sets each."""

    mode: Literal["demo", "production"] = "demo"
    """production: no demo data, no sandbox provider, no development outbox; wants `secret` and a way for mail."""
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
    bus_url: Annotated[str, msgspec.Meta(pattern=r"^(local:$|nats://|tls://)", extra=_BUS)] = LOCAL_BUS
    """What carries events between the services; `local:` only within one process."""
    cache_url: Annotated[str, msgspec.Meta(pattern=r"^(memory:$|(valkey|redis)s?://)", extra=_CACHE)] = MEMORY_CACHE
    """What gateways and services share in passing (limits, notices, kept answers); `memory:` only in one process."""
    files_url: (
        Annotated[
            str, msgspec.Meta(pattern=r"^(file|s3|memory)://", extra={"form": "a URL: file://…, s3://… or memory://"})
        ]
        | None
    ) = None
    """`file:///folder`, `s3://bucket[/folder]` or, for tests, `memory://`; None: a folder in `data_dir`."""
    s3_endpoint: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s@]+/?$", extra=_ENDPOINT)] | None = None
    """Where S3 is when it is not Amazon's: Cloudflare R2, SeaweedFS, …; buckets are then named in the path."""
    s3_region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    """R2 calls it `auto`."""
    s3_access_key: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    """Must be allowed to read, write, delete and list. None: what the machine itself is given (its role at Amazon)."""
    s3_secret_key: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    copies: Annotated[str, msgspec.Meta(pattern=COPIES_PATTERN, extra=_COPIES)] = ""
    """Where the services run that a process does not carry itself, with all their copies, for `serve`."""
    internal_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    """Where the services of a process that also carries the gateway listen for the others; None: they do not. Without
    the gateway they listen at `port`."""
    drain_seconds: Annotated[float, msgspec.Meta(ge=0, le=300)] = 3.0
    """For how long `serve`, told to stop by SIGTERM, says that it is not ready before it takes no more requests. Longer
    than SHIKANJI_GATEWAY_HEALTH_SECONDS, so that every gateway has heard."""
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
    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Service → the addresses of its copies, from `copies`."""
        pairs = (part.partition("=") for part in self.copies.split(";") if part)
        return {service: tuple(listed.split(",")) for service, _, listed in pairs}

    @property
    def files_place(self) -> str:
        """The URL of the store of files."""
        return self.files_url or (self.folder.resolve() / "files").as_uri()

    @property
    def s3(self) -> S3Access:
        return S3Access(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            access_key=self.s3_access_key,
            secret_key=self.s3_secret_key,
        )

    @property
    def embedded(self) -> bool:
        """Whether the databases are files that this process alone owns."""
        return self.database_template.startswith("sqlite:")


def platform_settings(environment: Mapping[str, str]) -> PlatformSettings:
    """The platform's own settings, without a look at those of its services. Raises SettingsError."""
    source = Source(environment)
    settings = source.fill(PlatformSettings)
    source.check(of_others=True)
    return settings


class Configuration:
    """Every setting of this process, read once and checked as a whole."""

    def __init__(self, environment: Mapping[str, str], services: Mapping[str, type[msgspec.Struct]]) -> None:
        """Raises SettingsError naming every wrong value."""
        source = Source(environment)
        self.platform = source.fill(PlatformSettings)
        self.services = {name: source.fill(kind, name) for name, kind in services.items()}
        source.check()
        _refuse_half_a_key(self.platform)
        _refuse_demo_in_production(self.platform, has_mail=self._has_mail())

    def _has_mail(self) -> bool:
        """Whether mail has a way out of the house."""
        return self.platform.smtp_url is not None or _sendgrid_key(self.services.get("notification")) is not None

    def section(self, name: str, kind: type[S]) -> S:
        """One part's settings as what they are."""
        section = self.services[name]
        if not isinstance(section, kind):
            raise TypeError(f"{name} has {type(section).__name__}, not {kind.__name__}")
        return section


def _refuse_half_a_key(settings: PlatformSettings) -> None:
    if (settings.s3_access_key is None) != (settings.s3_secret_key is None):
        raise SettingsError(["SHIKANJI_S3_ACCESS_KEY and SHIKANJI_S3_SECRET_KEY belong together: set both, or neither"])


def _sendgrid_key(section: msgspec.Struct | None) -> str | None:
    return getattr(section, "sendgrid_key", None)


def _refuse_demo_in_production(settings: PlatformSettings, *, has_mail: bool) -> None:
    if not settings.production:
        return
    refused = {
        "SHIKANJI_SECRET must be set in production: a line of at least 32 random characters": settings.secret is None,
        "SHIKANJI_SMTP_URL must be set in production, or SHIKANJI_NOTIFICATION_SENDGRID_KEY: the development outbox is "
        "for demos": not has_mail,
        "SHIKANJI_PUBLIC_URL must be set in production": settings.public_url is None,
        "SHIKANJI_RATE_LIMITS=off is for load tests and is refused in production": settings.rate_limits == "off",
        "SHIKANJI_FILES_URL=memory:// is for tests and is refused in production": settings.files_place == "memory://",
        "SHIKANJI_S3_ENDPOINT must be https in production, unless it is on this machine": _in_the_clear(settings),
        "SHIKANJI_FAILPOINT is for crash tests and is refused in production": armed() != "",
    }
    problems = [problem for problem, wrong in refused.items() if wrong]
    if problems:
        raise SettingsError(problems)


def _in_the_clear(settings: PlatformSettings) -> bool:
    endpoint = urlsplit(settings.s3_endpoint or "")
    return endpoint.scheme == "http" and endpoint.hostname not in {"127.0.0.1", "::1", "localhost"}
