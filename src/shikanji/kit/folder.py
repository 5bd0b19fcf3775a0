"""The data folder: one process owns it, and others talk to that one over a local socket."""

import asyncio
import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from shikanji.kit.errors import OperatorError

LOCK = "lock"
"""Held by the one process that owns all that is in the folder."""
MESSAGE_BYTES_MAX = 1 << 20
_SOCKET_PATH_BYTES_MAX = 100
"""A Unix socket's path has 108 bytes on Linux; what is longer goes to the temporary folder."""


class Owner(msgspec.Struct, frozen=True):
    """What the lock file says of the process that holds it."""

    pid: int
    doing: str


class FolderUnusable(OperatorError):
    """Says what is wrong with the data folder, and what to do."""


class FolderInUse(FolderUnusable):
    def __init__(self, folder: Path, owner: Owner | None) -> None:
        who = f"process {owner.pid}, {owner.doing}" if owner else "another process"
        super().__init__(
            f"The data folder {folder} is in use by {who}. "
            "Stop that one first, or name another folder with SHIKANJI_DATA_DIR."
        )
        self.owner = owner


class FolderLock:
    """Held until `release` or the end of the process, however it ends. Those of different names do not know of each
    other."""

    def __init__(self, folder: Path, name: str = LOCK) -> None:
        self._folder = folder
        self._name = name
        self._descriptor: int | None = None

    def acquire(self, doing: str) -> None:
        """Makes the folder if need be, for its owner only. `doing` is what others are told: "serving http://…". Raises
        FolderInUse or FolderUnusable."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            os.close(descriptor)
            if taken.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            raise FolderInUse(self._folder, read_owner(self._folder, self._name)) from None
        self._descriptor = descriptor
        self.tell(doing)

    def tell(self, doing: str) -> None:
        """What those are told from now on who want the folder, too."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, msgspec.json.encode(Owner(os.getpid(), doing)), 0)

    def _open(self) -> int:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._folder / self._name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._folder, error) from error

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_owned(folder: Path, name: str = LOCK) -> bool:
    """Whether a process holds the folder's lock of this name at this moment. Looking leaves no trace. Raises
    FolderUnusable where nobody can look."""
    try:
        descriptor = os.open(folder / name, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_owner(folder: Path, name: str = LOCK) -> Owner | None:
    try:
        return msgspec.json.decode((folder / name).read_bytes(), type=Owner)
    except (OSError, msgspec.DecodeError):
        return None


def socket_path(folder: Path) -> Path:
    path = folder.resolve() / "control.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX:
        return path
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"shikanji-{os.getuid()}-{digest}.sock"


Command = Callable[[dict[str, Any]], Awaitable[Any]]


class CommandFailed(OperatorError):
    """What the running platform said instead of doing the command."""


class ControlServer:
    """Answers commands of the CLI: one JSON line in, one out. Only the owner of the folder can connect."""

    def __init__(self, folder: Path, commands: dict[str, Command]) -> None:
        self._path = socket_path(folder)
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        # The folder's lock is ours, so a socket that is there already belongs to a process that was killed.
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MESSAGE_BYTES_MAX)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.json.decode(await reader.readline(), type=dict[str, Any])
            answer = await self._answer(request)
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
        except (ValueError, msgspec.DecodeError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        command = self._commands.get(str(request.get("command")))
        if command is None:
            return {"error": f"there is no command {request.get('command')!r}"}
        try:
            return {"result": await command(request.get("arguments") or {})}
        except Exception as failed:
            return {"error": f"{failed}"}


async def command_running(folder: Path, command: str, arguments: dict[str, Any]) -> Any:
    """Has the running platform do it. Raises CommandFailed with its words, ConnectionError when none runs."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket_path(folder), limit=MESSAGE_BYTES_MAX)
    except OSError as absent:
        raise ConnectionError("no platform is running on this data folder") from absent
    try:
        writer.write(msgspec.json.encode({"command": command, "arguments": arguments}) + b"\n")
        await writer.drain()
        line = await reader.readline()
    except ConnectionError:
        line = b""
    finally:
        writer.close()
    if not line:
        raise CommandFailed("The platform ended before it had answered; nobody knows whether it did this.")
    answer = msgspec.json.decode(line, type=dict[str, Any])
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]


def _unusable(folder: Path, error: OSError) -> FolderUnusable:
    return FolderUnusable(
        f"The data folder {folder} cannot be used: {error.strerror}. "
        "Name one that you may write to with SHIKANJI_DATA_DIR."
    )
