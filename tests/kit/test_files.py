"""One suite for every store of files: a folder, memory, a real S3, and a second one that others wrote."""

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shikanji.engines import Engines
from shikanji.gateway.readiness import ANSWER_SECONDS_MAX
from shikanji.kit.errors import OperatorError, Unavailable
from shikanji.kit.files import Files, S3Access
from shikanji.kit.files.opening import open_files
from shikanji.kit.settings import SettingsError
from tests.engines.buckets import access_of
from tests.serving import free_port

NOBODY = S3Access()


@pytest.fixture(params=["folder", "memory", "seaweed", "moto"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "memory":
        return open_files("memory://", NOBODY)
    if request.param == "folder":
        return open_files((tmp_path / "a folder").as_uri(), NOBODY)
    access: S3Access = request.getfixturevalue(request.param)
    return open_files(f"s3://shikanji/{tmp_path.name}", access)


async def test_an_object_is_read_back_and_replaced(files: Files) -> None:
    await files.put("media/one.webp", b"first")
    await files.put("media/one.webp", b"second")

    assert await files.get("media/one.webp") == b"second"


async def test_an_object_of_megabytes_comes_back_whole(files: Files) -> None:
    data = bytes(range(256)) * 20_000

    await files.put("media/large", data)

    assert await files.get("media/large") == data


async def test_an_absent_object_is_none_and_deleting_it_is_no_error(files: Files) -> None:
    await files.delete("media/none")

    assert await files.get("media/none") is None


async def test_a_deleted_object_is_gone(files: Files) -> None:
    await files.put("media/one", b"x")

    await files.delete("media/one")

    assert await files.get("media/one") is None


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.hidden", "a b", "x" * 513])
async def test_a_key_that_could_leave_its_folder_is_refused(files: Files, key: str) -> None:
    for operation in (files.put(key, b"x"), files.get(key), files.delete(key)):
        with pytest.raises(ValueError, match="not an object key"):
            await operation


async def test_a_store_that_can_be_used_has_nothing_against_it(files: Files) -> None:
    assert await files.check() == ""


async def test_folders_of_one_bucket_are_apart(seaweed: S3Access) -> None:
    one, other = open_files("s3://shikanji/one", seaweed), open_files("s3://shikanji/other", seaweed)

    await one.put("logo", b"ours")

    assert await other.get("logo") is None


async def test_a_missing_bucket_is_said_and_not_taken_for_missing_files(seaweed: S3Access) -> None:
    files = open_files("s3://elsewhere", seaweed)

    assert await files.check() == (
        f"the bucket s3://elsewhere at {seaweed.endpoint}: there is no such bucket: make it, or correct "
        "SHIKANJI_FILES_URL"
    )
    with pytest.raises(Unavailable):
        await files.get("logo")


@pytest.mark.parametrize(
    ("access_key", "secret_key", "what_to_do"),
    [("stranger", "", "correct SHIKANJI_S3_ACCESS_KEY"), ("", "wrong-secret", "correct SHIKANJI_S3_SECRET_KEY")],
)
async def test_wrong_keys_are_said_and_never_shown(
    seaweed: S3Access, access_key: str, secret_key: str, what_to_do: str
) -> None:
    wrong = S3Access(
        seaweed.endpoint, seaweed.region, access_key or seaweed.access_key, secret_key or seaweed.secret_key
    )
    files = open_files("s3://shikanji", wrong)

    with capture_logs() as logs, pytest.raises(Unavailable) as refusal:
        await files.put("logo", b"x")

    told = f"{await files.check()} {refusal.value.detail} {logs}"
    assert what_to_do in told
    assert wrong.secret_key is not None
    assert wrong.secret_key not in told
    assert str(seaweed.secret_key) not in told


async def test_an_endpoint_where_nobody_answers_is_said_and_the_request_is_503() -> None:
    nowhere = S3Access(f"http://127.0.0.1:{free_port()}", access_key="key", secret_key="secret")
    files = open_files("s3://shikanji", nowhere)

    assert "nobody answers" in await files.check()
    with pytest.raises(Unavailable, match="store of files") as refusal:
        await files.get("logo")
    assert (refusal.value.status, refusal.value.retry_after_seconds) == (503, 5)


async def test_an_endpoint_that_takes_connections_and_says_nothing_is_said_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        access = S3Access(f"http://127.0.0.1:{silent.getsockname()[1]}", access_key="key", secret_key="secret")
        files = open_files("s3://shikanji", access)

        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            assert "nobody answers" in await files.check()


async def test_once_usable_a_store_that_goes_away_fails_requests_and_not_the_process(tmp_path: Path) -> None:
    with Engines(tmp_path, {"s3"}, durable=False) as engines:
        files = open_files("s3://shikanji", access_of(engines.s3))
        await files.put("logo", b"x")
        assert await files.check() == ""
        engines.s3.kill()

        with pytest.raises(Unavailable):
            await files.get("logo")
        assert await files.check() == ""
        engines.s3.start()

        assert await files.get("logo") == b"x"


@pytest.mark.parametrize(
    "url", ["s3://", "file://", "file://host/folder", "http://host/x", "s3://b?x=1", "s3://k:s@b", "s3://[", ""]
)
def test_a_url_that_names_no_store_is_refused_with_what_it_must_be(url: str) -> None:
    with pytest.raises(SettingsError, match=r"SHIKANJI_FILES_URL: must be file:///folder, memory:// or s3://bucket"):
        open_files(url, NOBODY)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(OperatorError, match="Name another one with SHIKANJI_FILES_URL"):
        open_files((tmp_path / "taken").as_uri(), NOBODY)
