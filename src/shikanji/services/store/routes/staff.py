"""Who works in a store."""

from collections.abc import Sequence

from shikanji.contracts.customer import AskAccounts, FindVerifiedAccount, VerifiedAccount
from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_role
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.store import actions, repository
from shikanji.services.store.errors import (
    AccountNotVerified,
    AlreadyStaff,
    RoleNotGrantable,
    StaffNotFound,
    StoreNotFound,
)
from shikanji.services.store.model.staff import Member, manager_may_grant
from shikanji.services.store.routes.declared import routes
from shikanji.services.store.routes.views import staff_view
from shikanji.services.store.schemas import AddStaff, ChangeRole, StaffView


@routes.get(
    "/api/v1/stores/{id}/staff",
    query=PageQuery,
    returns=list[StaffView],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, StoreNotFound, Invalid],
)
async def list_staff(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """Everyone who works there, for the store's manager and head office."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    after = decode_cursor(incoming.query.cursor, str)
    members = await room.db.read(
        actions.staff_of, incoming.path["id"], after[0] if after else None, incoming.query.limit + 1
    )
    accounts = await _accounts(room, members)
    return page(
        members,
        incoming.query.limit,
        key=lambda member: (member.id,),
        view=lambda member: staff_view(member, accounts.get(member.account_id)),
    )


@routes.post(
    "/api/v1/stores/{id}/staff",
    body=AddStaff,
    returns=StaffView,
    status=201,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, RoleNotGrantable, StoreNotFound, AccountNotVerified, AlreadyStaff, Invalid],
)
async def add_staff(room: Room, incoming: Incoming[AddStaff, None]) -> Reply:
    """Gives the account with this verified email or phone a role in the store.

    A manager grants the roles below manager."""
    store_id, body, head_office = incoming.path["id"], incoming.body, incoming.principal.admin
    require_role(incoming.principal, store_id, "manager")
    if not head_office:
        manager_may_grant(body.role)
    await room.db.read(repository.find_store, store_id)
    account = await room.calls.ask(FindVerifiedAccount(identifier=body.identifier))
    member = await room.db.write(actions.add_staff, store_id, account, body.role, head_office=head_office)
    return Reply(data=staff_view(member, account), etag=etag(member.version))


@routes.get(
    "/api/v1/stores/{id}/staff/{staffId}",
    returns=StaffView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, StaffNotFound],
)
async def get_staff(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One member of staff."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    member = await room.db.read(repository.find_member, incoming.path["id"], incoming.path["staffId"])
    return await _shown(room, member)


@routes.put(
    "/api/v1/stores/{id}/staff/{staffId}",
    body=ChangeRole,
    returns=StaffView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, RoleNotGrantable, StaffNotFound, Invalid, PreconditionFailed],
)
async def change_role(room: Room, incoming: Incoming[ChangeRole, None]) -> Reply:
    """Gives another role. A manager's place, the own one included, is head office's to change."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    member = await room.db.write(
        actions.change_role,
        incoming.path["id"],
        incoming.path["staffId"],
        incoming.body.role,
        head_office=incoming.principal.admin,
        expected=incoming.if_match,
    )
    return await _shown(room, member)


@routes.delete(
    "/api/v1/stores/{id}/staff/{staffId}",
    status=204,
    who=Who.STAFF,
    raises=[Forbidden, RoleNotGrantable, StaffNotFound],
)
async def remove_staff(room: Room, incoming: Incoming[None, None]) -> None:
    """Ends the role in this store; the account stays."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    await room.db.write(
        actions.remove_staff,
        incoming.path["id"],
        incoming.path["staffId"],
        head_office=incoming.principal.admin,
    )


async def _shown(room: Room, member: Member) -> Reply:
    accounts = await _accounts(room, [member])
    return Reply(data=staff_view(member, accounts.get(member.account_id)), etag=etag(member.version))


async def _accounts(room: Room, members: Sequence[Member]) -> dict[str, VerifiedAccount]:
    if not members:
        return {}
    known = await room.calls.ask(AskAccounts(account_ids=[member.account_id for member in members]))
    return {account.account_id: account for account in known.accounts}
