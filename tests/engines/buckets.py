"""Buckets for tests: in a real S3, and in a second one that others wrote."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from shikanji.engines import Engine
from shikanji.kit.files import S3Access


def access_of(engine: Engine) -> S3Access:
    urls = engine.urls
    return S3Access(
        urls["SHIKANJI_S3_ENDPOINT"],
        urls["SHIKANJI_S3_REGION"],
        urls["SHIKANJI_S3_ACCESS_KEY"],
        urls["SHIKANJI_S3_SECRET_KEY"],
    )


@contextmanager
def moto_server() -> Iterator[S3Access]:
    """With a bucket `shikanji`; it asks nobody who they are."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = S3Access(f"http://{host}:{port}", "us-east-1", "key", "secret")
    with urllib.request.urlopen(urllib.request.Request(f"{access.endpoint}/shikanji", method="PUT")):
        yield access
    server.stop()
