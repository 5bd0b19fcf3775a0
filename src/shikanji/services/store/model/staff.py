"""Who works in a store, and who may decide on it."""

import msgspec

from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.auth import Role
from shikanji.services.store.errors import RoleNotGrantable


class Member(msgspec.Struct, frozen=True):
    """One person's place in one store, its fields in the order of the table's columns. It outlives a removal, so that
    its version never starts again."""

    id: str
    store_id: str
    account_id: str
    role: Role
    version: int
    since: int
    """When the person began, or began again (µs)."""
    removed_at: int | None = None

    def added(self) -> StaffAdded:
        return StaffAdded(
            staff_id=self.id, account_id=self.account_id, store_id=self.store_id, role=self.role, version=self.version
        )

    def updated(self) -> StaffUpdated:
        return StaffUpdated(
            staff_id=self.id, account_id=self.account_id, store_id=self.store_id, role=self.role, version=self.version
        )

    def removed(self) -> StaffRemoved:
        return StaffRemoved(staff_id=self.id, account_id=self.account_id, store_id=self.store_id, version=self.version)


def manager_may_grant(role: Role) -> None:
    """A manager grants what is below manager."""
    if role == "manager":
        raise RoleNotGrantable("a manager is appointed by head office")


def manager_may_touch(member: Member) -> None:
    """A manager's own place, and another manager's, are head office's business."""
    if member.role == "manager":
        raise RoleNotGrantable("the place of a manager is changed by head office")
