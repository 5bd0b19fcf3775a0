"""One engine: a server process with a folder, a port and a password of its own."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from shikanji.engines import ports
from shikanji.engines.errors import EngineFailed
from shikanji.engines.process import Process, identify, tether

READY_SECONDS_MAX = 60.0
"""Recovery after a crash is part of it."""
PROBE_SECONDS = 0.02
LOG_LINES = 8


class Record(msgspec.Struct):
    """What the engine's folder remembers of it between our processes."""

    password: str
    port: int
    process: Process | None = None


class Engine(ABC):
    """Lives in `<folder>/<name>`: `data`, `log` of this run, `log.old` of the one before. Every process that opens the
    folder finds the same engine; one works on it at a time.

    `durable`: what it has acknowledged survives a power cut; else only a kill, which is enough for suites that time
    nothing and break nothing. `attached`: it ends with this process."""

    name: ClassVar[str]
    title: ClassVar[str]
    setting: ClassVar[str]
    """The URL that names one that runs elsewhere."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_seconds_max: ClassVar[float] = 10.0
    port_offsets: ClassVar[list[int]] = [0]
    """All that it listens at, counted from its port."""

    def __init__(self, folder: Path, *, durable: bool = True, attached: bool = False) -> None:
        self.folder = folder.absolute() / self.name
        self.data = self.folder / "data"
        self.durable = durable
        self._attached = attached
        self._child: subprocess.Popen[bytes] | None = None
        self._tether: subprocess.Popen[bytes] | None = None
        self._promised = False

    @property
    @abstractmethod
    def urls(self) -> dict[str, str]:
        """The settings with which the platform finds it."""

    @abstractmethod
    def _launch(self, record: Record) -> subprocess.Popen[bytes]:
        """Makes what is missing in the folder and starts the process."""

    @abstractmethod
    def _answers(self, record: Record) -> bool:
        """Whether it does what it is there for. May raise OSError."""

    @property
    def exists(self) -> bool:
        return (self.folder / "engine.json").exists()

    @property
    def port(self) -> int:
        return self._read().port

    @property
    def password(self) -> str:
        return self._read().password

    @property
    def process(self) -> Process | None:
        if not self.exists:
            return None
        process = self._read().process
        return process if process is not None and process.alive else None

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None

    @property
    def started_here(self) -> bool:
        """Whether the one that runs, or ran last, was started by this object."""
        return self._child is not None

    @property
    def answers(self) -> bool:
        """Whether it runs and does what it is there for."""
        return self.running and self._is_ready(self._read())

    def start(self) -> None:
        """Until it is ready; nothing happens when it is. Its port stays what it was: another one is chosen only where
        the port is taken and no client of this object knows it yet. Raises EngineFailed, EngineMissing."""
        with self._alone():
            record = self._read() if self.exists else self._new_record()
            if record.process is None or not record.process.alive:
                self._start(record)
            self._wait_until_ready(record)

    def stop(self) -> None:
        """In its own order, or by force after `stop_seconds_max`; the data stays."""
        with self._alone():
            process = self.process
            if process is not None:
                self._untie()
                process.send(self.stop_signal)
                if not process.wait(self.stop_seconds_max):
                    self._kill(process)
            self._gone()

    def kill(self) -> None:
        """As a crash would: no word to it before."""
        with self._alone():
            process = self.process
            if process is not None:
                self._untie()
                self._kill(process)
            self._gone()

    def wipe(self) -> None:
        """Killed, if it runs, and its data deleted: the next start makes it anew at the same address."""
        self.kill()
        with self._alone():
            shutil.rmtree(self.data, ignore_errors=True)

    def data_bytes(self) -> int:
        """What its data takes on the disk."""
        total = 0
        for place, _, names in os.walk(self.data):
            for name in names:
                try:
                    total += (Path(place) / name).lstat().st_blocks * 512
                except FileNotFoundError:
                    continue
        return total

    def _start(self, record: Record) -> None:
        try:
            self._choose_port(record)
            self._promised = True
            self._rotate_log()
            self._child = self._launch(record)
        except OSError as error:
            raise EngineFailed(f"{self.title} could not be started in {self.folder}: {error}") from error
        record.process = identify(self._child.pid)
        # Before it is ready: whoever comes after a kill of ours finds it.
        self.remember(record)
        if self._attached and record.process is not None:
            self._tether = tether(record.process)

    def _choose_port(self, record: Record) -> None:
        if ports.are_free([record.port + offset for offset in self.port_offsets]):
            return
        if self._promised:
            raise EngineFailed(
                f"{self.title}'s port {record.port} has been taken by another process (`ss -ltnp` names it): end that "
                "one, or stop the engine's clients and start both anew."
            )
        record.port = ports.choose(self.port_offsets)

    def _wait_until_ready(self, record: Record) -> None:
        until = time.monotonic() + READY_SECONDS_MAX
        while not self._is_ready(record):
            if record.process is None or not record.process.alive:
                self._gone()
                raise EngineFailed(f"{self.title} ended while it was starting{self._last_words()}")
            if time.monotonic() > until:
                raise EngineFailed(
                    f"{self.title} (process {record.process.pid}) does not answer at 127.0.0.1:{record.port} after "
                    f"{READY_SECONDS_MAX:.0f} s{self._last_words()}"
                )
            time.sleep(PROBE_SECONDS)

    def _is_ready(self, record: Record) -> bool:
        try:
            return self._answers(record)
        except OSError:
            return False

    def _kill(self, process: Process) -> None:
        process.send(signal.SIGKILL)
        if not process.wait(self.stop_seconds_max):
            raise EngineFailed(f"{self.title} (process {process.pid}) does not end, not even by force.")

    def _gone(self) -> None:
        """Remembers that it is, and lets go of what is left of it."""
        self._untie()
        if self._child is not None:
            self._child.wait()
            self._child = None
        if self.exists:
            record = self._read()
            record.process = None
            self.remember(record)

    def _untie(self) -> None:
        if self._tether is not None:
            self._tether.kill()
            self._tether.communicate()
            self._tether = None

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """In a session of its own: Ctrl-C on our terminal is not for it."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
                **{"cwd": self.folder, **options},
            )

    def _rotate_log(self) -> None:
        log = self.folder / "log"
        if log.exists():
            log.replace(self.folder / "log.old")

    def _last_words(self) -> str:
        log = self.folder / "log"
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
        return "".join([f"; the last lines of {log}:", *(f"\n  {line}" for line in lines)]) if lines else "."

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time, of all processes and threads: a start waits until the stop of another is done."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EngineFailed(
                f"The engines' folder {self.folder.parent} cannot be used: {error.strerror}. "
                "Name a place that you may write to with SHIKANJI_DATA_DIR."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _new_record(self) -> Record:
        return Record(password=secrets.token_hex(16), port=ports.choose(self.port_offsets))

    def _read(self) -> Record:
        path = self.folder / "engine.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Record)
        except FileNotFoundError:
            raise EngineFailed(f"{self.title} has never been started in {self.folder.parent}.") from None
        except msgspec.DecodeError as broken:
            raise EngineFailed(f"{path} is damaged ({broken}): delete it when {self.title} does not run.") from None

    def remember(self, record: Record) -> None:
        """For other processes, and for the next start."""
        self._write_private("engine.json", msgspec.json.encode(record))

    def _write_private(self, name: str, content: bytes) -> None:
        """Whole or not at all, and for our eyes only: it has the password."""
        new = self.folder / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        new.replace(self.folder / name)
