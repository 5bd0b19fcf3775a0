"""A link that can be bad: it sits between a process and what it speaks to, and makes of TCP what networks do."""

import asyncio
import socket
import struct
from contextlib import suppress

CHUNK_BYTES = 65_536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a port of its own, and passes everything on as long as it is told nothing else."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        """Where clients reach it, once it is started."""
        self.latency_seconds = 0.0
        """By which each piece is late, in both directions."""
        self.connections_broken = 0
        self._target = (host, port)
        self._refusing = False
        self._asks, self._answers = asyncio.Event(), asyncio.Event()
        self._links: set[_Link] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        self.heal()

    async def stop(self) -> None:
        self._server.close()
        self.heal()
        self.cut()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def heal(self) -> None:
        """Everything passes, also what was held back."""
        self.latency_seconds, self._refusing = 0.0, False
        self._asks.set()
        self._answers.set()

    def cut(self) -> None:
        """Connections end, and new ones do at once."""
        self._refusing = True
        self._end(reset=False)

    def reset(self) -> None:
        """Connections break in the middle of whatever they carry; new ones are welcome."""
        self._end(reset=True)

    def swallow(self) -> None:
        """Nothing passes and nobody is told: a black hole."""
        self._asks.clear()
        self._answers.clear()

    def halve(self) -> None:
        """What is asked arrives; what is answered does not."""
        self._answers.clear()

    def _end(self, *, reset: bool) -> None:
        for link in list(self._links):
            link.end(reset=reset)
            self.connections_broken += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.close()
            return
        try:
            there, back = await asyncio.open_connection(*self._target, limit=CHUNK_BYTES)
        except OSError:
            writer.close()
            return
        link = _Link(writer, back)
        self._links.add(link)
        task = asyncio.create_task(self._carry(link, (reader, back), (there, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _carry(self, link: "_Link", asks: "_Way", answers: "_Way") -> None:
        try:
            await asyncio.gather(self._pump(*asks, self._asks), self._pump(*answers, self._answers))
        finally:
            self._links.discard(link)
            link.end(reset=False)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        try:
            while content := await reader.read(CHUNK_BYTES):
                await passes.wait()
                if self.latency_seconds:
                    await asyncio.sleep(self.latency_seconds)
                writer.write(content)
                await writer.drain()
            await passes.wait()
        except OSError:
            # One side broke off. The other side hears of it, as far as this link lets it.
            await passes.wait()
        finally:
            writer.close()


_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self._writers = writers

    def end(self, *, reset: bool) -> None:
        for writer in self._writers:
            if reset:
                with suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            writer.transport.abort()
