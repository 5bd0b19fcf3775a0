"""Signing keys, and the staff roles that tokens carry."""

from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.clock import DAY, MINUTE, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.services.customer.actions.accounts import change_roles
from shikanji.services.customer.repository import access
from shikanji.services.customer.settings import CustomerSettings
from shikanji.services.customer.tokens import SealedKey


def make_first_key(tx: Tx, key: SealedKey, public_jwk: dict[str, str]) -> SealedKey:
    """The key that signs: this one, or the one that another copy of the service made first."""
    access.add_key(tx, key, public_jwk)
    return access.current_key(tx) or key


def rotate_key(tx: Tx, key: SealedKey, public_jwk: dict[str, str]) -> None:
    """From now on `key` signs. The old one stays accepted while tokens that it signed live."""
    access.retire_key(tx)
    access.add_key(tx, key, public_jwk)
    access.forget_keys(tx, _retired_since(tx))


def is_key_due(tx: Tx) -> bool:
    """Whether the key that signs has done so long enough."""
    made_at = access.current_key_made_at(tx)
    return made_at is not None and tx.now - made_at >= tx.settings(CustomerSettings).signing_key_days * DAY


def accepted_keys(tx: Tx) -> list[dict[str, str]]:
    """Public JWKs, the one that signs first."""
    return access.accepted_keys(tx, _retired_since(tx))


def apply_staff(tx: Tx, event: StaffAdded | StaffUpdated | StaffRemoved) -> None:
    """What the store service said of one person's place in one store. Each event carries the whole place, so an older
    one that comes late is dropped."""
    roles_before = access.roles(tx, event.account_id)
    access.apply_place(
        tx,
        event.staff_id,
        account_id=event.account_id,
        store_id=event.store_id,
        role=None if isinstance(event, StaffRemoved) else event.role,
        version=event.version,
    )
    if access.roles(tx, event.account_id) != roles_before:
        change_roles(tx, event.account_id)


def _retired_since(tx: Tx) -> int:
    """A token may have been signed just before its key was retired; a minute for clocks that differ."""
    return tx.now - tx.settings(CustomerSettings).access_token_seconds * SECOND - MINUTE
