"""The real servers on this machine, from their wheels: no Docker, and no root where they refuse it.

with Engines(folder, want={"postgres", "nats"}) as engines:
    ... engines.urls ...
    engines.nats.kill()
    engines.nats.start()
"""

from shikanji.engines.engine import Engine
from shikanji.engines.errors import EngineFailed, EngineMissing
from shikanji.engines.fleet import NAMES, Engines, running_urls
from shikanji.engines.postgres import Postgres
from shikanji.engines.seaweed import S3Access

__all__ = ["NAMES", "Engine", "EngineFailed", "EngineMissing", "Engines", "Postgres", "S3Access", "running_urls"]
