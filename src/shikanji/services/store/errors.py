"""What the store service refuses, and as what."""

from shikanji.kit.errors import Conflict, Forbidden, Invalid, NotFound


class StoreNotFound(NotFound):
    type, title = "store-not-found", "No such store"


class StaffNotFound(NotFound):
    type, title = "staff-not-found", "No such member of staff"


class ZoneNotFound(NotFound):
    type, title = "zone-not-found", "No such delivery zone"


class ClosureNotFound(NotFound):
    type, title = "closure-not-found", "No such closure"


class StoreClosed(Conflict):
    type, title = "store-closed", "The store is closed"


class NotDeliveredThere(Invalid):
    type, title = "not-delivered-there", "The store does not deliver there"


class SlotFull(Conflict):
    type, title = "slot-full", "No place left at that time"


class SlotGone(Conflict):
    """The place of this order was given back before it was asked for."""

    type, title = "slot-released", "The place was given back already"


class SlugTaken(Conflict):
    type, title = "slug-taken", "Another store has this slug"


class CodeTaken(Conflict):
    type, title = "code-taken", "Another store has this code"


class AlreadyStaff(Conflict):
    type, title = "already-staff", "Works in this store already"


class AccountNotVerified(Invalid):
    """Comes from the customer service; here for the documentation of the routes."""

    type, title = "account-not-verified", "No account has verified this email or phone"


class RoleNotGrantable(Forbidden):
    type, title = "role-not-grantable", "Only head office decides on managers"


class HeadOfficeOnly(Forbidden):
    type, title = "head-office-only", "Only head office changes this"
