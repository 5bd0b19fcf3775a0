import os
from pathlib import Path
from typing import Any

import pytest

from shikanji.kit.folder import (
    CommandFailed,
    ControlServer,
    FolderInUse,
    FolderLock,
    command_running,
    is_owned,
    socket_path,
)


def test_a_second_start_on_the_same_folder_says_who_has_it(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire("serving http://localhost:8000")

    with pytest.raises(FolderInUse, match=rf"process {os.getpid()}, serving http://localhost:8000"):
        second.acquire("starting")


def test_a_released_folder_can_be_taken(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire("one")
    first.release()

    second.acquire("two")


def test_looking_whether_a_folder_is_taken_leaves_no_trace(tmp_path: Path) -> None:
    assert not is_owned(tmp_path)
    lock = FolderLock(tmp_path)
    lock.acquire("one")
    assert is_owned(tmp_path)
    assert not is_owned(tmp_path, "another.lock")
    lock.release()
    before = (tmp_path / "lock").stat().st_mtime_ns

    assert not is_owned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    assert (tmp_path / "lock").stat().st_mtime_ns == before


def test_locks_of_different_names_do_not_know_of_each_other(tmp_path: Path) -> None:
    FolderLock(tmp_path).acquire("one")

    FolderLock(tmp_path, "another.lock").acquire("two")


async def double(arguments: dict[str, Any]) -> int:
    return int(arguments["number"]) * 2


async def test_a_command_is_done_by_the_running_platform(tmp_path: Path) -> None:
    server = ControlServer(tmp_path, {"double": double})
    await server.start()

    assert await command_running(tmp_path, "double", {"number": 21}) == 42
    with pytest.raises(CommandFailed, match="'number'"):
        await command_running(tmp_path, "double", {})
    with pytest.raises(CommandFailed, match="no command 'halve'"):
        await command_running(tmp_path, "halve", {})

    await server.stop()


async def test_without_a_running_platform_a_command_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="no platform is running"):
        await command_running(tmp_path, "double", {})


async def test_a_socket_left_by_a_killed_process_does_not_hinder_the_next(tmp_path: Path) -> None:
    socket_path(tmp_path).touch()
    server = ControlServer(tmp_path, {"double": double})

    await server.start()

    assert await command_running(tmp_path, "double", {"number": 1}) == 2
    await server.stop()


async def test_a_folder_with_a_long_path_has_a_socket_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    server = ControlServer(folder, {"double": double})
    await server.start()

    assert await command_running(folder, "double", {"number": 4}) == 8

    await server.stop()
