"""What a database URL says: `sqlite:///folder/{service}.db` or `postgresql://host/{service}`."""

from pathlib import Path

_SQLITE = "sqlite:///"


class BadDatabaseUrl(ValueError):
    def __init__(self, url: str) -> None:
        super().__init__(f"{url!r} is neither sqlite:///…{{service}}… nor postgresql://…{{service}}…")


def sqlite_path(url: str, service: str) -> Path | None:
    """The file of a service, or None when the URL speaks of PostgreSQL."""
    if url.startswith(_SQLITE):
        return Path(url_of(url, service).removeprefix(_SQLITE))
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise BadDatabaseUrl(url)


def url_of(url: str, service: str) -> str:
    """The URL of one service's database."""
    if "{service}" not in url:
        raise BadDatabaseUrl(url)
    return url.replace("{service}", service)
