"""Stores: where they are, when they are open, where they deliver, who works there, how many orders they take."""

from shikanji.contracts.store import (
    DeliveryZoneUpdated,
    StaffAdded,
    StaffRemoved,
    StaffUpdated,
    StoreCreated,
    StoreStatusChanged,
    StoreUpdated,
)
from shikanji.kit.service import Service
from shikanji.services.store.answers import answers
from shikanji.services.store.jobs import jobs
from shikanji.services.store.routes import routes
from shikanji.services.store.settings import StoreSettings
from shikanji.services.store.subscribers import subscribers
from shikanji.services.store.tables import metadata

service = Service(
    name="store",
    metadata=metadata,
    migrations="shikanji.services.store.migrations",
    routes=routes,
    publishes=(
        StoreCreated,
        StoreUpdated,
        StoreStatusChanged,
        StaffAdded,
        StaffUpdated,
        StaffRemoved,
        DeliveryZoneUpdated,
    ),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=StoreSettings,
)
