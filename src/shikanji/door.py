"""The gateway of a process: in front of the services here and, over HTTP, of those elsewhere."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

from prometheus_client import CollectorRegistry

from shikanji.configuration import PlatformSettings
from shikanji.equipment import Equipment
from shikanji.gateway.app import Gateway, Surroundings
from shikanji.gateway.readiness import Source
from shikanji.gateway.remote import Copies, upstream_session
from shikanji.gateway.seal import PURPOSE, Seal
from shikanji.gateway.settings import GatewaySettings
from shikanji.gateway.upstreams import InProcess, Upstream
from shikanji.house import PURGED_BY, VERSION, asyncapi_json, openapi_json, services_of
from shikanji.kit.asgi import ASGIApp
from shikanji.kit.bus import Bus
from shikanji.kit.clock import Clock
from shikanji.kit.errors import OperatorError
from shikanji.kit.events import Envelope
from shikanji.kit.messages.outbox import OutboxMessages, outbox_page


class Door:
    """Makes the gateway. `apps` are the services of this process."""

    def __init__(
        self,
        settings: PlatformSettings,
        section: GatewaySettings,
        equipment: Equipment,
        *,
        clock: Clock,
        url: str,
        registry: CollectorRegistry,
    ) -> None:
        self._settings = settings
        self._section = section
        self._equipment = equipment
        self._clock = clock
        self._url = url
        self._registry = registry

    def gateway(self, apps: Mapping[str, ASGIApp], readiness: Mapping[str, Source], stack: AsyncExitStack) -> Gateway:
        """What has to be closed again is left to `stack`. Raises OperatorError when nobody says where a service is."""
        services = services_of(self._settings)
        elsewhere = self._copies([service.name for service in services if service.name not in apps], stack)
        seconds_max = self._section.upstream_seconds_max
        here = {name: InProcess(app, seconds_max=seconds_max) for name, app in apps.items()}
        upstreams: dict[str, Upstream] = {**here, **elsewhere}
        gateway = Gateway(
            Surroundings(
                routes=[(service.name, route) for service in services for route in service.routes.all],
                upstreams=upstreams,
                mounts=self._mounts(),
                verifier=self._equipment.verifier,
                cache=self._equipment.cache,
                clock=self._clock,
                ids=self._equipment.ids,
                registry=self._registry,
                readiness={**readiness, **{name: copies.why_not_ready for name, copies in elsewhere.items()}},
                impaired=self._equipment.impaired,
                openapi=lambda: openapi_json(services, self._url),
                asyncapi=asyncapi_json,
                version=VERSION,
                public_url=self._url,
                production=self._settings.production,
                rate_limits=self._settings.rate_limits == "on",
            ),
            self._section,
        )
        purge_on_events(gateway, self._equipment.bus)
        return gateway

    def _copies(self, names: Sequence[str], stack: AsyncExitStack) -> dict[str, Copies]:
        if not names:
            return {}
        addresses = self._settings.addresses
        if missing := [name for name in names if name not in addresses]:
            raise nowhere(missing)
        session = upstream_session(seconds_max=self._section.upstream_seconds_max)
        stack.push_async_callback(session.close)
        seal = Seal(self._equipment.secrets.derive(PURPOSE), self._clock)
        return {name: Copies(name, addresses[name], session, self._clock, seal) for name in names}

    def _mounts(self) -> dict[str, ASGIApp]:
        if isinstance(self._equipment.messages, OutboxMessages):
            return {"/dev/outbox": outbox_page(self._equipment.messages)}
        return {}


def nowhere(names: Sequence[str]) -> OperatorError:
    """What is said when nobody says where these services run."""
    example = ";".join(f"{name}=http://…" for name in names)
    return OperatorError(f"SHIKANJI_COPIES must say where {', '.join(names)} run: {example}")


def purge_on_events(gateway: Gateway, bus: Bus) -> None:
    def forget(prefix: str, _: Envelope) -> None:
        gateway.purge(prefix)

    for prefix, kinds in PURGED_BY.items():
        bus.listen({kind.__name__ for kind in kinds}, partial(forget, prefix))
