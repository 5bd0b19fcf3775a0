"""The store of files that a URL names."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, MemoryStore, S3Store

from shikanji.kit.errors import OperatorError
from shikanji.kit.files import Files, S3Access
from shikanji.kit.files.store import ObjectFiles
from shikanji.kit.settings import SettingsError

CONNECT_SECONDS_MAX = 2
REQUEST_SECONDS_MAX = 5
RETRIES_MAX = 2
RETRY_SECONDS_MAX = 5

FORM = "SHIKANJI_FILES_URL: must be file:///folder, memory:// or s3://bucket[/folder]"


def open_files(url: str, s3: S3Access) -> Files:
    """Raises SettingsError for a URL that names no store, OperatorError for a folder that cannot be made."""
    try:
        parts = urlsplit(url)
        path = unquote(parts.path).strip("/")
        if parts.scheme == "memory":
            return ObjectFiles(MemoryStore(), "files in memory")
        if parts.scheme == "file" and path and not parts.netloc:
            return local_files(Path("/", path))
        if parts.scheme == "s3" and parts.netloc and parts.netloc == parts.hostname and not parts.query:
            return ObjectFiles(_bucket(parts.netloc, path, s3), f"the bucket {url} at {s3.endpoint or 'Amazon'}")
    except ValueError:  # of a URL that cannot be taken apart
        raise SettingsError([FORM]) from None
    raise SettingsError([FORM])


def local_files(folder: Path) -> Files:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            f"The folder of files {folder} cannot be used: {error.strerror}. Name another one with SHIKANJI_FILES_URL."
        ) from error
    return ObjectFiles(LocalStore(prefix=folder), f"the folder {folder}")


def _bucket(name: str, folder: str, s3: S3Access) -> S3Store:
    """By its path under an endpoint of one's own, which every S3 understands; at Amazon by its name."""
    given: dict[str, Any] = {} if s3.endpoint is None else {"endpoint": s3.endpoint.rstrip("/")}
    if s3.access_key is not None:
        given |= {"access_key_id": s3.access_key, "secret_access_key": s3.secret_key}
    return S3Store(
        name,
        prefix=folder or None,
        region=s3.region,
        virtual_hosted_style_request=s3.endpoint is None,
        client_options={
            "allow_http": (s3.endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS_MAX),
            "timeout": timedelta(seconds=REQUEST_SECONDS_MAX),
        },
        retry_config={
            "max_retries": RETRIES_MAX,
            "retry_timeout": timedelta(seconds=RETRY_SECONDS_MAX),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1)},
        },
        **given,
    )
