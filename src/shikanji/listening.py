"""Where a process listens: its socket, its server, and what is said when it cannot listen there."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from shikanji.gateway.server import DoorState, server_options
from shikanji.kit.errors import OperatorError


class AddressUnusable(OperatorError):
    """Says why a process cannot listen where it should, and what to do."""


def listen(host: str, port: int, setting: str = "SHIKANJI_PORT", *, reserved: bool = False) -> socket.socket:
    """Bound before anything else is done: a taken address is told at once, and port 0 becomes a real one. `setting` is
    what the port was named by; `reserved`: by `reserve`, in the process that we come from."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reserved:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise AddressUnusable(_why_not(error, host, port, setting)) from error
    return listening


def reserve(host: str) -> socket.socket:
    """A free port, kept for children that come and go. Nobody listens by this: while none of them does, whoever
    connects is refused at once."""
    return listen(host, 0, reserved=True)


def address_of(listening: socket.socket) -> str:
    """`127.0.0.1:8000`."""
    host, port, *_ = listening.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_name(host: str) -> str:
    """What a browser on this machine calls the address that a process listens at."""
    if host in {"127.0.0.1", "::1", "0.0.0.0", "::", "localhost"}:
        return "localhost"
    return f"[{host}]" if ":" in host else host


class Server:
    """An app behind a socket, from `start` until `stop`."""

    def __init__(self, app: Any, listening: socket.socket) -> None:
        self._uvicorn = _Server(uvicorn.Config(app, **server_options()))
        self._listening = listening

    def start(self) -> None:
        # From here on nobody is refused: who comes before the server is up waits for it.
        self._listening.listen(self._uvicorn.config.backlog)
        self._serving = asyncio.create_task(self._uvicorn.serve([self._listening]))

    def drain(self) -> None:
        """Still answers, but keeps no connection alive: whoever asks again connects anew, and may do so elsewhere."""
        self._uvicorn.server_state.draining = True

    async def stop(self) -> None:
        """Takes no more requests and returns when those under way are answered."""
        self._uvicorn.should_exit = True
        await self._serving


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state: DoorState = DoorState()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _why_not(error: OSError, host: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken. Stop what listens there, or choose another port with "
            f"{setting}{' or PORT (make run)' if setting == 'SHIKANJI_PORT' else ''}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is not for this user. Choose one above 1023 with {setting}."
    return f"SHIKANJI_HOST: {host} is no address of this machine ({error.strerror})."
