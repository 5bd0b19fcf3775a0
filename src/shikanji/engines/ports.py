"""Free ports on loopback that stay free while an engine is down for a moment."""

import random
import socket

LOWEST, HIGHEST = 12_000, 22_000
"""Below where systems take the ports of outgoing connections from (32768 on Linux): else a client that tries to reach a
killed engine could be given its port, and keep it."""
TRIES_MAX = 1_000


def are_free(ports: list[int]) -> bool:
    return all(_is_free(port) for port in ports)


def choose(offsets: list[int]) -> int:
    """A port that is free together with those at `offsets` from it."""
    for _ in range(TRIES_MAX):
        port = random.randrange(LOWEST, HIGHEST)  # two that start at once shall not try the same ones in the same order
        if are_free([port + offset for offset in offsets]):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of the engine before, which are still closing, do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
