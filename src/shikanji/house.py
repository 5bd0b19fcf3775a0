"""Which services there are, and what they say of themselves as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

import msgspec

from shikanji import sandbox
from shikanji.configuration import PlatformSettings
from shikanji.contracts.inventory import CategoryUpdated, OutOfStock, ProductCreated, ProductUpdated
from shikanji.contracts.review import RatingUpdated
from shikanji.contracts.store import DeliveryZoneUpdated, StoreCreated, StoreStatusChanged, StoreUpdated
from shikanji.gateway.problems import OF_THE_DOOR
from shikanji.gateway.settings import GatewaySettings
from shikanji.kit.asgi import ASGIApp
from shikanji.kit.asyncapi import asyncapi
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.errors import OperatorError
from shikanji.kit.service import Room, Service
from shikanji.kit.web.app import service_app
from shikanji.kit.web.openapi import openapi, render
from shikanji.services import analytics, customer, inventory, loyalty, notification, order, payment, review, store

SERVICES: tuple[Service, ...] = (
    customer.service,
    store.service,
    inventory.service,
    order.service,
    payment.service,
    loyalty.service,
    review.service,
    notification.service,
    analytics.service,
)
GATEWAY = "gateway"
TITLE = "Jain Shikanji Platform"
VERSION = version("shikanji")

PURGED_BY: Mapping[str, tuple[type, ...]] = {
    "/api/v1/products": (ProductCreated, ProductUpdated, OutOfStock),
    "/api/v1/categories": (ProductCreated, ProductUpdated, CategoryUpdated),
    "/api/v1/stores": (StoreCreated, StoreUpdated, StoreStatusChanged, DeliveryZoneUpdated),
    "/api/v1/reviews/product": (RatingUpdated,),
    "/api/v1/reviews/store": (RatingUpdated,),
}
"""Path prefixes of which the gateway forgets its kept answers when one of these events was delivered. None that every
order brings: it would empty the cache all day, and what is kept is old after seconds anyway."""


class UnknownService(OperatorError):
    """A name that is no service's."""


def services_of(settings: PlatformSettings) -> tuple[Service, ...]:
    """Every part with a database: in demos the sandbox payment company is one of them."""
    return SERVICES if settings.production else (*SERVICES, sandbox.service)


def services_named(settings: PlatformSettings, names: Iterable[str]) -> tuple[Service, ...]:
    """Those of the platform with these names, in its own order. Raises UnknownService."""
    wanted = set(names)
    there = {service.name: service for service in services_of(settings)}
    if unknown := sorted(wanted - set(there)):
        raise UnknownService(f"There is no service {', '.join(unknown)}; there are {', '.join(there)} and {GATEWAY}.")
    return tuple(service for name, service in there.items() if name in wanted)


def settings_kinds() -> dict[str, type[msgspec.Struct]]:
    """The settings of every part by the section that they are read from."""
    kinds = {service.name: service.settings for service in (*SERVICES, sandbox.service)}
    return {**kinds, GATEWAY: GatewaySettings, "bus": BusSettings}


def app_of(room: Room, service: Service) -> ASGIApp:
    """The service's HTTP edge."""
    return sandbox.app(room) if service is sandbox.service else service_app(room, service)


def openapi_json(services: Sequence[Service], url: str) -> bytes:
    return render(openapi(services, title=TITLE, version=VERSION, server=url, everywhere=OF_THE_DOOR))


def asyncapi_json() -> bytes:
    return render(asyncapi(SERVICES, title=TITLE, version=VERSION))
