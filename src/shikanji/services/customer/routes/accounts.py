"""Accounts: one's own, and head office's view of all."""

import msgspec
from msgspec import UNSET, UnsetType

from shikanji.kit.auth import Role
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.errors import Forbidden, Invalid, NotFound, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_account, require_own
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.customer.actions import accounts, directory
from shikanji.services.customer.announcing import announce
from shikanji.services.customer.errors import CustomerNotFound, OwnAccount, TooManyFailures, WrongPassword
from shikanji.services.customer.identity import Channel, Identifier, parse_channel
from shikanji.services.customer.model.account import Customer, ProfileChanges
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.routes.passwords import check_password
from shikanji.services.customer.schemas import CustomerRow, CustomersQuery, CustomerView, SetAccess, UpdateCustomer


@routes.get("/api/v1/customers", query=CustomersQuery, returns=list[CustomerRow], who=Who.ADMIN, page=True)
async def list_customers(room: Room, incoming: Incoming[None, CustomersQuery]) -> Reply:
    """All accounts, newest first; found by whole email or phone, or by part of a name."""
    query = incoming.query
    after = decode_cursor(query.cursor, str)
    found = await room.db.read(
        directory.search,
        query.q,
        disabled=query.disabled,
        after=after[0] if after is not None else None,
        limit=query.limit + 1,
    )
    return page(found, query.limit, key=lambda customer: (customer.id,), view=_row)


@routes.get(
    "/api/v1/customers/{id}",
    returns=CustomerView,
    who=Who.SIGNED_IN,
    raises=(CustomerNotFound, NotFound),
    editable=True,
)
async def get_customer(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One's own account; head office sees every one."""
    customer_id = incoming.path["id"]
    require_account(incoming.principal, customer_id)
    return _view(*await room.db.read(accounts.get_with_roles, customer_id))


@routes.put(
    "/api/v1/customers/{id}",
    body=UpdateCustomer,
    returns=CustomerView,
    who=Who.SIGNED_IN,
    raises=(CustomerNotFound, NotFound, Forbidden, Invalid, WrongPassword, TooManyFailures, PreconditionFailed),
    editable=True,
)
async def update_customer(room: Room, incoming: Incoming[UpdateCustomer, None]) -> Reply:
    """Changes what is given of one's own account."""
    customer_id = incoming.path["id"]
    require_own(incoming.principal, customer_id)
    changes = _changes(incoming.body)
    given = incoming.body.current_password
    verified_hash = await check_password(room, incoming, given) if given is not None else None
    await room.db.write(
        accounts.update_profile, customer_id, changes, if_match=incoming.if_match, verified_hash=verified_hash
    )
    return _view(*await room.db.read(accounts.get_with_roles, customer_id))


@routes.put(
    "/api/v1/customers/{id}/access",
    body=SetAccess,
    returns=CustomerRow,
    who=Who.ADMIN,
    raises=(CustomerNotFound, OwnAccount),
)
async def set_access(room: Room, incoming: Incoming[SetAccess, None]) -> CustomerRow:
    """Disables an account, which ends all its sessions at once, or enables it again."""
    customer, notices = await room.db.write(
        accounts.set_disabled,
        incoming.path["id"],
        incoming.body.disabled,
        incoming.principal.account_id,
    )
    await announce(room, notices)
    return _row(customer)


def _changes(body: UpdateCustomer) -> ProfileChanges:
    return ProfileChanges(
        name=body.name,
        email=_identifier("email", body.email),
        phone=_identifier("phone", body.phone),
        date_of_birth=body.date_of_birth,
        language=body.language,
    )


def _identifier(channel: Channel, text: str | UnsetType | None) -> Identifier | UnsetType | None:
    if text is UNSET or text is None:
        return text
    return parse_channel(channel, text)


def _view(customer: Customer, roles: dict[str, Role]) -> Reply:
    row = msgspec.structs.asdict(_row(customer))
    view = CustomerView(**row, has_password=customer.password_hash is not None, roles=roles)
    return Reply(data=view, etag=etag(customer.version))


def _row(customer: Customer) -> CustomerRow:
    email, phone = customer.email, customer.phone
    return CustomerRow(
        id=customer.id,
        name=customer.name,
        email=email.identifier.value if email else None,
        email_verified=email is not None and email.verified_at is not None,
        phone=phone.identifier.value if phone else None,
        phone_verified=phone is not None and phone.verified_at is not None,
        date_of_birth=customer.date_of_birth.isoformat() if customer.date_of_birth else None,
        language=customer.language,
        admin=customer.admin,
        disabled=customer.disabled_at is not None,
        order_count=customer.order_count,
        total_spent=customer.total_spent,
        created_at=to_rfc3339(customer.created_at),
    )
