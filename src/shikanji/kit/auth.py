"""Who is asking."""

from typing import Literal

import msgspec

Role = Literal["manager", "chef", "cashier", "delivery", "support"]
ROLES: tuple[Role, ...] = ("manager", "chef", "cashier", "delivery", "support")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller as its token says. Every signed-in person is an account; staff roles (per store) and `admin` (head
    office) are what an account may have besides."""

    account_id: str = ""
    session_id: str = ""
    version: int = 0
    admin: bool = False
    service: str = ""
    roles: dict[str, Role] = {}

    @property
    def anonymous(self) -> bool:
        return not self.account_id and not self.service

    @property
    def key(self) -> str:
        """Names the caller in rate limits and idempotency keys."""
        return self.account_id or self.service

    def role_in(self, store_id: str) -> Role | None:
        return self.roles.get(store_id)

    def has_role(self, store_id: str, *roles: Role) -> bool:
        """Whether the caller has one of `roles` (any role when none is named) in the store. Not true of admins: ask
        `admin` too where head office may act."""
        role = self.roles.get(store_id)
        return role is not None and (not roles or role in roles)

    @property
    def staff(self) -> bool:
        return bool(self.roles)


ANONYMOUS = Principal()
