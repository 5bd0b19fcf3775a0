"""A shim under the platform's own SQLite: every write, sync and delete of a folder's files is told to a `Disk`.

By ctypes on the library that pysqlite3 carries, for nothing else may open our files. An opened file stays the one of
SQLite's own file system, and keeps its locks, its shared memory and its reads; only the methods that change something
are ours. Syncs are told and not done: what a real disk would do with them is what is being tried out."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, addressof, c_char_p, c_int, c_int64, c_void_p
from functools import partial
from pathlib import Path
from typing import Any

from pysqlite3 import _sqlite3

from chaos.disk import Disk, File, Truncate, Write

OK = 0


def _pointers(*names: str) -> list[tuple[str, Any]]:
    return [(name, c_void_p) for name in names]


class Vfs(Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = [
        ("version", c_int),
        ("file_bytes", c_int),
        ("path_bytes_max", c_int),
        *_pointers("next", "name", "app_data", "open", "delete", "access", "full_path"),
        *_pointers("dl_open", "dl_error", "dl_sym", "dl_close", "randomness", "sleep", "current_time", "last_error"),
        *_pointers("current_time_64", "set_system_call", "get_system_call", "next_system_call"),
    ]


class IoMethods(Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = [
        ("version", c_int),
        *_pointers("close", "read", "write", "truncate", "sync", "file_size", "lock", "unlock", "check_reserved_lock"),
        *_pointers("file_control", "sector_size", "device_characteristics"),
        *_pointers("shm_map", "shm_lock", "shm_barrier", "shm_unmap", "fetch", "unfetch"),
    ]


class SqliteFile(Structure):
    """`sqlite3_file`: what follows belongs to SQLite's own file system."""

    _fields_ = [("methods", POINTER(IoMethods))]


OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(SqliteFile), c_int, c_void_p)
DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
CLOSE = CFUNCTYPE(c_int, c_void_p)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class Shim:
    def __init__(self, real: Vfs, disk: Disk, before_change: Callable[[], None]) -> None:
        """`before_change` is called before each write, sync, truncation and deletion, on whichever thread does it."""
        self._real = real
        self._disk = disk
        self._before_change = before_change
        self._opened: dict[int, File] = {}
        self._real_open, self._real_delete = OPEN(real.open), DELETE(real.delete)
        self._ours: dict[int, IoMethods] = {}
        self._kept: list[Any] = []
        self.vfs = Vfs.from_buffer_copy(real)
        self.vfs.name = self._keep(ctypes.create_string_buffer(b"shikanji-chaos"))
        self.vfs.open = self._keep(OPEN(self._open))
        self.vfs.delete = self._keep(DELETE(self._delete))

    def _keep(self, what: Any) -> int | None:
        """The address of something that C holds on to, so that Python must not let it go."""
        self._kept.append(what)
        return ctypes.cast(what, c_void_p).value

    def _open(self, _: int, name: int | None, file: Any, flags: int, out_flags: int | None) -> int:
        path = _path(name) if name else None
        if path is None or not self._disk.holds(path):
            return int(self._real_open(addressof(self._real), name, file, flags, out_flags))
        existed = path.exists()
        code = int(self._real_open(addressof(self._real), name, file, flags, out_flags))
        if code == OK:
            self._opened[addressof(file.contents)] = self._disk.open(path, existed)
            file.contents.methods = ctypes.pointer(self._methods(file.contents.methods.contents))
        return code

    def _methods(self, real: IoMethods) -> IoMethods:
        """Databases and their logs have different tables, for only databases are locked."""
        if addressof(real) not in self._ours:
            ours = self._ours[addressof(real)] = IoMethods.from_buffer_copy(real)
            ours.close = self._keep(CLOSE(partial(self._close, CLOSE(real.close))))
            ours.write = self._keep(WRITE(partial(self._write, WRITE(real.write))))
            ours.truncate = self._keep(TRUNCATE(partial(self._truncate, TRUNCATE(real.truncate))))
            ours.sync = self._keep(SYNC(self._sync))
        return self._ours[addressof(real)]

    def _close(self, close: Any, file: int) -> int:
        self._opened.pop(file)
        return int(close(file))

    def _write(self, write: Any, file: int, content: int, size: int, offset: int) -> int:
        self._before_change()
        self._disk.tell(self._opened[file], Write(offset, ctypes.string_at(content, size)))
        return int(write(file, content, size, offset))

    def _truncate(self, truncate: Any, file: int, size: int) -> int:
        self._before_change()
        self._disk.tell(self._opened[file], Truncate(size))
        return int(truncate(file, size))

    def _sync(self, file: int, _: int) -> int:
        self._before_change()
        self._disk.sync(self._opened[file])
        return OK

    def _delete(self, _: int, name: int, sync_directory: int) -> int:
        path = _path(name)
        if self._disk.holds(path):
            self._before_change()
            self._disk.delete(path, durably=bool(sync_directory))
        return int(self._real_delete(addressof(self._real), name, sync_directory))


def _path(name: int) -> Path:
    return Path(ctypes.string_at(name).decode())


_library = ctypes.CDLL(_sqlite3.__file__)
_library.sqlite3_vfs_find.restype = POINTER(Vfs)
_library.sqlite3_vfs_find.argtypes = [c_char_p]
_library.sqlite3_vfs_register.argtypes = [POINTER(Vfs), c_int]
_library.sqlite3_vfs_unregister.argtypes = [POINTER(Vfs)]


@contextmanager
def on(disk: Disk, before_change: Callable[[], None]) -> Iterator[None]:
    """What this process opens in the disk's folder is on the disk. All of it must be closed again before the end."""
    real = _library.sqlite3_vfs_find(None).contents
    shim = Shim(real, disk, before_change)
    _register(shim.vfs)
    try:
        yield
    finally:
        _library.sqlite3_vfs_unregister(ctypes.byref(shim.vfs))
        _register(real)


def _register(vfs: Vfs) -> None:
    if _library.sqlite3_vfs_register(ctypes.byref(vfs), 1) != OK:
        raise RuntimeError("SQLite refuses this file system")
