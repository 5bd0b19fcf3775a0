"""Who sees payments and what belongs to them."""

from shikanji.contracts.order import OrderStanding
from shikanji.kit.auth import Principal, Role
from shikanji.kit.errors import Forbidden, NotFound
from shikanji.kit.web.guards import require_owner_or
from shikanji.services.payment.errors import PaymentNotFound
from shikanji.services.payment.model.invoice import Invoice
from shikanji.services.payment.model.payment import Payment

READERS: tuple[Role, ...] = ("manager", "cashier", "support")
"""Who in a store may see its payments."""


def require_reader(
    principal: Principal, about: Payment | OrderStanding | Invoice, missing: type[NotFound] = PaymentNotFound
) -> None:
    """The customer, head office and some roles of the store may; strangers hear what they would hear of nothing."""
    try:
        require_owner_or(principal, about.customer_id, about.store_id, *READERS)
    except NotFound:
        raise missing from None


def readable_stores(principal: Principal, store_id: str | None) -> list[str] | None:
    """None: all. Raises Forbidden."""
    if principal.admin:
        return None if store_id is None else [store_id]
    stores = [known for known, role in principal.roles.items() if role in READERS]
    wanted = stores if store_id is None else [known for known in stores if known == store_id]
    if not wanted:
        raise Forbidden
    return wanted
