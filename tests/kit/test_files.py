from pathlib import Path

import pytest

from shikanji.kit.files import Files
from shikanji.kit.files.store import local_files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return local_files(tmp_path / "files")


async def test_an_object_is_read_back_and_replaced(files: Files) -> None:
    await files.put("media/one.webp", b"first")
    await files.put("media/one.webp", b"second")

    assert await files.get("media/one.webp") == b"second"


async def test_an_absent_object_is_none_and_deleting_it_is_no_error(files: Files) -> None:
    await files.delete("media/none")

    assert await files.get("media/none") is None


async def test_a_deleted_object_is_gone(files: Files) -> None:
    await files.put("media/one", b"x")

    await files.delete("media/one")

    assert await files.get("media/one") is None


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.hidden", "a b", "x" * 513])
async def test_a_key_that_could_leave_its_folder_is_refused(files: Files, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await files.put(key, b"x")
