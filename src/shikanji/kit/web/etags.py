"""Entity tags: what changed is known by its version."""

from shikanji.kit.errors import PreconditionFailed


def etag(version: int | str) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, current: str) -> None:
    """Raises PreconditionFailed (412) when the client edits something else than what is there now. Without the header
    the last write wins."""
    if if_match is not None and not matches(if_match, current):
        raise PreconditionFailed("read it again and repeat the change")


def matches(header: str, current: str) -> bool:
    """Whether an If-Match or If-None-Match header names `current`. A `W/` that a proxy put before it is overlooked."""
    return header.strip() == "*" or current in (tag.strip().removeprefix("W/") for tag in header.split(","))
