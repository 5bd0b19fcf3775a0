"""In which shape a data folder was used last, so that commands find its databases without being told."""

from collections.abc import Mapping
from pathlib import Path

from shikanji.kit.folder import LOCK, FolderInUse, is_owned, read_owner

SCALED_LOCK = "scaled.lock"
"""Held by the process that keeps all others of the scaled shape."""
ENGINES = "engines"
"""The folder of the engines, in the data folder."""


def with_engines(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The settings with those of the engines that `engines up` left running on the data folder; what is set wins."""
    from shikanji.engines import running_urls

    return {**running_urls(folder / ENGINES), **environment}


def refuse_beside(folder: Path, other: str) -> None:
    """Raises FolderInUse while a platform of the other shape, which holds the lock `other`, works on the folder:
    nobody could tell any more which of the two a command is for."""
    if is_owned(folder, other):
        raise FolderInUse(folder, read_owner(folder, other))


def was_scaled(folder: Path) -> bool:
    """Whether the last platform that was started here ran as several processes."""
    return _started_at(folder / SCALED_LOCK) > _started_at(folder / LOCK)


def _started_at(lock: Path) -> float:
    """A lock is written to by whoever takes it."""
    try:
        return lock.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0.0
