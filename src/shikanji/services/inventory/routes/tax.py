"""Tax classes."""

from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import TaxRateExists
from shikanji.services.inventory.model.tax import TaxRateDraft
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.schemas import TaxRateView, tax_rate_view


@routes.get("/api/v1/tax-classes", returns=list[TaxRateView], who=Who.STAFF)
async def list_tax_rates(room: Room, incoming: Incoming[None, None]) -> list[TaxRateView]:
    """Every rate of every class, with the moment from which it counts."""
    return [tax_rate_view(rate) for rate in await room.db.read(actions.list_tax_rates)]


@routes.post(
    "/api/v1/tax-classes",
    body=TaxRateDraft,
    returns=TaxRateView,
    status=201,
    who=Who.ADMIN,
    raises=[Invalid, TaxRateExists],
)
async def add_tax_rate(room: Room, incoming: Incoming[TaxRateDraft, None]) -> TaxRateView:
    """Adds a rate of a new class, or the next one of a class that is there.

    From now on or later, for what was charged before stays as it was."""
    return tax_rate_view(await room.db.write(actions.add_tax_rate, incoming.body))
