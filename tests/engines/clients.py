"""The same three words to every engine, spoken by its own client at the address that its settings name."""

from collections.abc import Mapping
from typing import Protocol

import nats
import obstore
import psycopg
import redis.asyncio
from nats.aio.client import Client as NATS
from nats.js.errors import KeyNotFoundError, NotFoundError
from obstore.exceptions import PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

KEY = "greeting"


class Client(Protocol):
    @property
    def refused(self) -> tuple[type[Exception], ...]:
        """What it raises where the password is wrong."""

    async def write(self, urls: Mapping[str, str], text: str) -> None: ...

    async def read(self, urls: Mapping[str, str]) -> str | None:
        """What was written last; None where nothing is."""


class PostgresClient:
    refused = (psycopg.OperationalError,)

    async def write(self, urls: Mapping[str, str], text: str) -> None:
        async with await self._connect(urls) as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS greetings (text text)")
            await connection.execute("DELETE FROM greetings")
            await connection.execute("INSERT INTO greetings VALUES (%s)", [text])

    async def read(self, urls: Mapping[str, str]) -> str | None:
        async with await self._connect(urls) as connection:
            try:
                row = await (await connection.execute("SELECT text FROM greetings")).fetchone()
            except psycopg.errors.UndefinedTable:
                return None
        return None if row is None else str(row[0])

    async def _connect(self, urls: Mapping[str, str]) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(urls["SHIKANJI_DATABASE_URL"].format(service="postgres"))


class NatsClient:
    refused = (nats.errors.Error,)

    async def write(self, urls: Mapping[str, str], text: str) -> None:
        async with await self._connect(urls) as connection:
            bucket = await connection.jetstream().create_key_value(bucket=KEY)
            await bucket.put(KEY, text.encode())

    async def read(self, urls: Mapping[str, str]) -> str | None:
        async with await self._connect(urls) as connection:
            try:
                bucket = await connection.jetstream().key_value(KEY)
                value = (await bucket.get(KEY)).value
            except (NotFoundError, KeyNotFoundError):
                return None
        return None if value is None else value.decode()

    async def _connect(self, urls: Mapping[str, str]) -> NATS:
        async def quiet(_: Exception) -> None:
            """What is refused is raised, too."""

        connection = NATS()
        try:
            await connection.connect(urls["SHIKANJI_BUS_URL"], allow_reconnect=False, error_cb=quiet)
        except BaseException:
            await connection.close()
            raise
        return connection


class ValkeyClient:
    refused = (redis.exceptions.AuthenticationError,)

    async def write(self, urls: Mapping[str, str], text: str) -> None:
        async with self._connect(urls) as connection:
            await connection.set(KEY, text)

    async def read(self, urls: Mapping[str, str]) -> str | None:
        async with self._connect(urls) as connection:
            value = await connection.get(KEY)
        return None if value is None else str(value)

    def _connect(self, urls: Mapping[str, str]) -> redis.asyncio.Redis:
        url = urls["SHIKANJI_CACHE_URL"].replace("valkey://", "redis://")
        return redis.asyncio.Redis.from_url(url, decode_responses=True)


class S3Client:
    refused = (PermissionDeniedError, UnauthenticatedError)

    async def write(self, urls: Mapping[str, str], text: str) -> None:
        await obstore.put_async(self._store(urls), KEY, text.encode())

    async def read(self, urls: Mapping[str, str]) -> str | None:
        try:
            found = await obstore.get_async(self._store(urls), KEY)
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async()).decode()

    def _store(self, urls: Mapping[str, str]) -> S3Store:
        return S3Store(
            urls["SHIKANJI_FILES_URL"].removeprefix("s3://"),
            endpoint=urls["SHIKANJI_S3_ENDPOINT"],
            region=urls["SHIKANJI_S3_REGION"],
            access_key_id=urls["SHIKANJI_S3_ACCESS_KEY"],
            secret_access_key=urls["SHIKANJI_S3_SECRET_KEY"],
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )


CLIENTS: dict[str, Client] = {
    "postgres": PostgresClient(),
    "nats": NatsClient(),
    "valkey": ValkeyClient(),
    "s3": S3Client(),
}
