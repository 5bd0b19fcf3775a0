"""Owner and store scope: what the coarse guard of a route cannot know. Refusals hide what the caller may not see."""

from shikanji.kit.auth import Principal, Role
from shikanji.kit.errors import Forbidden, NotFound, Unauthorized

HEAD_OFFICE_ONLY = "only for head office"
STAFF_ONLY = "only for staff"


def is_owner(principal: Principal, owner_id: str | None) -> bool:
    return bool(owner_id) and principal.account_id == owner_id


def works_in(principal: Principal, store_id: str, *roles: Role) -> bool:
    """Whether the caller acts for the store in one of `roles` (any when none is named). Head office may take every
    staff part."""
    return principal.admin or principal.has_role(store_id, *roles)


def require_role(principal: Principal, store_id: str, *roles: Role) -> None:
    """For a store that everyone may know: Forbidden unless the caller works there in one of `roles`."""
    if not works_in(principal, store_id, *roles):
        raise Forbidden(f"only for {_staff(roles)}")


def require_role_somewhere(principal: Principal, *roles: Role) -> None:
    """For what is of no one store: Forbidden unless the caller has one of `roles` in any."""
    if not principal.admin and not any(role in roles for role in principal.roles.values()):
        raise Forbidden(f"only for a store's {' or '.join(roles)}")


def require_admin(principal: Principal) -> None:
    """On a route that is open to all, for what head office alone may ask of it."""
    if principal.anonymous:
        raise Unauthorized
    if not principal.admin:
        raise Forbidden(HEAD_OFFICE_ONLY)


def require_visible(principal: Principal, *, owner_id: str | None, store_id: str | None) -> None:
    """NotFound for an object that is neither the caller's own nor of a store where the caller works: strangers must
    not learn that it exists."""
    if is_owner(principal, owner_id) or principal.admin:
        return
    if store_id is None or not principal.has_role(store_id):
        raise NotFound


def require_owner_or(principal: Principal, owner_id: str | None, store_id: str | None, *roles: Role) -> None:
    """For an action on an object: its owner, head office, or `roles` of its store (any role when none is named) may.
    Staff of the store who may see it but not do this get Forbidden, all others NotFound."""
    require_visible(principal, owner_id=owner_id, store_id=store_id)
    if not is_owner(principal, owner_id) and (store_id is None or not works_in(principal, store_id, *roles)):
        raise Forbidden(f"only for its owner and for {_staff(roles)}")


def require_staff_of(principal: Principal, owner_id: str | None, store_id: str, *roles: Role) -> None:
    """As `require_owner_or`, for what the owner may see but only staff may do: the owner gets Forbidden."""
    require_visible(principal, owner_id=owner_id, store_id=store_id)
    require_role(principal, store_id, *roles)


def require_account(principal: Principal, account_id: str) -> None:
    """For what belongs to one account: the account itself or head office; all others get NotFound."""
    if not is_owner(principal, account_id) and not principal.admin:
        raise NotFound


def require_own(principal: Principal, account_id: str) -> None:
    """Only the account itself may change what belongs to it. Head office, which may see it, gets Forbidden; all others
    NotFound."""
    require_account(principal, account_id)
    if not is_owner(principal, account_id):
        raise Forbidden


def _staff(roles: tuple[Role, ...]) -> str:
    """`the store's chef or manager`, or its staff where every role will do."""
    return f"the store's {' or '.join(roles) or 'staff'}"
