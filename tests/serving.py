"""Real servers on loopback for tests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from shikanji.engines import ports

GRACE_SECONDS = 2.0


@asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[str]:
    """The app behind uvicorn's own protocol (with `options` of uvicorn's) on a free port; yields its URL. Without the
    server's loop around it, which looks only ten times a second whether it should end."""
    config = uvicorn.Config(app, **{"lifespan": "off", "log_config": None, "access_log": False, **options})
    config.load()
    state = ServerState()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(lambda: _protocol(config, state), sock=listening)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            _, late = await asyncio.wait(state.tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()


def _protocol(config: uvicorn.Config, state: ServerState) -> asyncio.Protocol:
    protocol_class: Any = config.http_protocol_class
    protocol: asyncio.Protocol = protocol_class(config=config, server_state=state, app_state={})
    return protocol


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot be given a socket. None that an outgoing connection
    could be given meanwhile."""
    return ports.choose([0])
