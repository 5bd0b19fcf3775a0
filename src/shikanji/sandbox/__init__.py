"""A fake payment company, for demos and tests: it takes no money, but behaves and fails like one that does.

It remembers everything in its own database, repeats answers for a repeated key, tells by signed webhooks what happened
(at least once, late or twice when asked to), and breaks when told to. Payment knows it like any other provider."""

from shikanji.kit.asgi import ASGIApp
from shikanji.kit.service import Room, Service
from shikanji.kit.web.app import service_app
from shikanji.sandbox.breaking import breaking
from shikanji.sandbox.jobs import jobs
from shikanji.sandbox.routes import routes
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.tables import metadata

service = Service(
    name="sandbox",
    metadata=metadata,
    migrations="shikanji.sandbox.migrations",
    routes=routes,
    publishes=(),
    jobs=jobs,
    settings=SandboxSettings,
)


def app(room: Room) -> ASGIApp:
    """The company's ASGI app."""
    return breaking(service_app(room, service))


__all__ = ["app", "service"]
