"""Customers: who signs in, how they prove it, and what they keep with us. Staff and head office sign in here too."""

from shikanji.contracts.customer import (
    AccessChanged,
    AddressAdded,
    CustomerRegistered,
    CustomerVerified,
    ProfileUpdated,
    SessionRevoked,
)
from shikanji.kit.service import Service
from shikanji.services.customer.answers import answers
from shikanji.services.customer.jobs import jobs
from shikanji.services.customer.routes import routes
from shikanji.services.customer.settings import CustomerSettings
from shikanji.services.customer.subscribers import subscribers
from shikanji.services.customer.tables import metadata

service = Service(
    name="customer",
    metadata=metadata,
    migrations="shikanji.services.customer.migrations",
    routes=routes,
    publishes=(
        CustomerRegistered,
        CustomerVerified,
        ProfileUpdated,
        AddressAdded,
        SessionRevoked,
        AccessChanged,
    ),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=CustomerSettings,
)
