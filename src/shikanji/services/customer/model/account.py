"""An account: who one is, what one has proved, and which of one's tokens are good."""

from calendar import monthrange
from datetime import date
from typing import Literal

import msgspec

from shikanji.contracts.customer import AccessChanged, CustomerRegistered, CustomerVerified, ProfileUpdated
from shikanji.kit.clock import to_datetime
from shikanji.kit.errors import Invalid
from shikanji.services.customer.errors import NothingToVerify
from shikanji.services.customer.identity import Channel, Identifier, clean_text

Language = Literal["en", "hi"]
BORN_FIRST = date(1900, 1, 1)


class ProfileChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a profile; UNSET stays as it is, None is removed."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    email: Identifier | msgspec.UnsetType | None = msgspec.UNSET
    phone: Identifier | msgspec.UnsetType | None = msgspec.UNSET
    date_of_birth: date | msgspec.UnsetType | None = msgspec.UNSET
    language: Language | msgspec.UnsetType = msgspec.UNSET


class Contact(msgspec.Struct):
    """An email or a phone; `verified_at` is when its owner proved it (µs)."""

    identifier: Identifier
    verified_at: int | None = None


class Customer(msgspec.Struct, kw_only=True):
    """Every signed-in person is one, staff and head office too. Times in µs, money in paise."""

    id: str
    name: str
    email: Contact | None = None
    phone: Contact | None = None
    password_hash: str | None = None
    date_of_birth: date | None = None
    language: Language = "en"
    admin: bool = False
    disabled_at: int | None = None
    authz_version: int = 1
    """Access tokens carry it; those below it are no good any more."""
    access_changed_at: int | None = None
    created_at: int
    version: int = 1
    """Of the profile, for its ETag."""
    order_count: int = 0
    total_spent: int = 0

    @classmethod
    def register(
        cls,
        id: str,
        *,
        name: str,
        email: Identifier | None,
        phone: Identifier | None,
        password_hash: str | None,
        language: Language,
        at: int,
    ) -> tuple["Customer", CustomerRegistered]:
        """A new account that has proved nothing yet. `name` may be empty where only a phone is known."""
        customer = cls(
            id=id,
            name=clean_text(name, "name") if name else "",
            email=Contact(email) if email else None,
            phone=Contact(phone) if phone else None,
            password_hash=password_hash,
            language=language,
            created_at=at,
        )
        return customer, CustomerRegistered(customer_id=id, language=language)

    @property
    def contacts(self) -> list[Contact]:
        return [contact for contact in (self.email, self.phone) if contact is not None]

    @property
    def proved(self) -> bool:
        """Whether any of its identifiers is verified."""
        return any(contact.verified_at is not None for contact in self.contacts)

    def contact(self, channel: Channel) -> Contact | None:
        return self.email if channel == "email" else self.phone

    def holds(self, identifier: Identifier) -> bool:
        contact = self.contact(identifier.channel)
        return contact is not None and contact.identifier.key == identifier.key

    def to_verify(self, channel: Channel) -> Identifier:
        """What a code goes to. Raises NothingToVerify when there is none, or it is verified."""
        contact = self.contact(channel)
        if contact is None:
            raise NothingToVerify(f"this account has no {channel}")
        if contact.verified_at is not None:
            raise NothingToVerify(f"this account's {channel} is verified")
        return contact.identifier

    def verify(self, identifier: Identifier, at: int) -> CustomerVerified | None:
        """Its owner has proved it. None: it had been proved before."""
        contact = self.contact(identifier.channel)
        if contact is None or contact.identifier.key != identifier.key:
            raise NothingToVerify(f"this account has another {identifier.channel} by now")
        if contact.verified_at is not None:
            return None
        contact.verified_at = at
        return CustomerVerified(customer_id=self.id, channel=identifier.channel)

    def lose(self, channel: Channel) -> ProfileUpdated:
        """This identifier is not this account's any more."""
        self._set_contact(channel, None)
        self.version += 1
        return ProfileUpdated(customer_id=self.id, changed=[channel])

    def recover(self, identifier: Identifier, password_hash: str, at: int) -> list[CustomerVerified | ProfileUpdated]:
        """A new password for who has just proved `identifier`. If nobody had proved anything of this account before,
        its other identifier goes: whoever set it up with somebody else's address must not stay part of it."""
        was_proved = self.proved
        verified = self.verify(identifier, at)
        self.password_hash = password_hash
        other: Channel = "phone" if identifier.channel == "email" else "email"
        loses = [self.lose(other)] if not was_proved and self.contact(other) is not None else []
        return [*([verified] if verified is not None else []), *loses]

    def recoverable_by(self, identifier: Identifier) -> bool:
        """Whether a code sent to `identifier` may set a new password: it is proved, or nothing is."""
        contact = self.contact(identifier.channel)
        return self.holds(identifier) and contact is not None and (contact.verified_at is not None or not self.proved)

    def update(self, changes: ProfileChanges, at: int) -> ProfileUpdated | None:
        """None: nothing is different. A new email or phone is unverified."""
        changed = [field for field in changes.__struct_fields__ if self._take(field, getattr(changes, field), at)]
        if not changed:
            return None
        if self.email is None and self.phone is None:
            raise Invalid.field("email", "an account needs an email or a phone")
        self.version += 1
        return ProfileUpdated(customer_id=self.id, changed=[_API_NAMES.get(field, field) for field in changed])

    def changes_ways_in(self, changes: ProfileChanges) -> bool:
        """Whether email or phone of an account that somebody has proved would be another: that takes the password, not
        just an open session. A new one, once verified, is sent the code for a new password."""
        return self.proved and (_replaces(changes.email, self.email) or _replaces(changes.phone, self.phone))

    def disable(self, at: int) -> AccessChanged | None:
        if self.disabled_at is not None:
            return None
        self.disabled_at = at
        return self.change_access(at)

    def enable(self, at: int) -> AccessChanged | None:
        if self.disabled_at is None:
            return None
        self.disabled_at = None
        return self.change_access(at)

    def set_admin(self, admin: bool, at: int) -> AccessChanged | None:
        if self.admin == admin:
            return None
        self.admin = admin
        return self.change_access(at)

    def change_access(self, at: int) -> AccessChanged:
        """What this account may do is different from now on, so its tokens must be made anew."""
        self.authz_version += 1
        self.access_changed_at = at
        return AccessChanged(
            customer_id=self.id,
            minimum_version=self.authz_version,
            disabled=self.disabled_at is not None,
        )

    def _take(self, field: str, value: object, at: int) -> bool:
        """Sets one field; False when it is not given or not different."""
        if value is msgspec.UNSET:
            return False
        if field in ("email", "phone"):
            return self._take_contact("email" if field == "email" else "phone", value)
        if field == "name":
            value = clean_text(str(value), "name")
        if isinstance(value, date):
            _check_birth(value, to_datetime(at).date())
        if getattr(self, field) == value:
            return False
        setattr(self, field, value)
        return True

    def _take_contact(self, channel: Channel, value: object) -> bool:
        contact = self.contact(channel)
        if not isinstance(value, Identifier):
            self._set_contact(channel, None)
            return contact is not None
        if contact is not None and contact.identifier == value:
            return False
        same_mailbox = contact is not None and contact.identifier.key == value.key
        verified_at = contact.verified_at if contact is not None and same_mailbox else None
        self._set_contact(channel, Contact(value, verified_at))
        return True

    def _set_contact(self, channel: Channel, contact: Contact | None) -> None:
        if channel == "email":
            self.email = contact
        else:
            self.phone = contact


_API_NAMES = {"date_of_birth": "dateOfBirth"}


def _replaces(value: Identifier | msgspec.UnsetType | None, contact: Contact | None) -> bool:
    if isinstance(value, Identifier):
        return contact is None or value.key != contact.identifier.key
    return value is None and contact is not None


def _check_birth(born: date, today: date) -> None:
    if not BORN_FIRST <= born < today:
        raise Invalid.field("dateOfBirth", f"must be a day from {BORN_FIRST} to yesterday")


def birthdays_on(day: date) -> list[date]:
    """Who was born on which days has a birthday then; of a 29th of February it is the 28th in other years."""
    days = [BORN_FIRST.replace(year=year, month=day.month, day=1) for year in range(BORN_FIRST.year, day.year)]
    born = [first.replace(day=day.day) for first in days if _has(first, day.day)]
    if (day.month, day.day) == (2, 28) and not _has(day, 29):
        born += [first.replace(day=29) for first in days if _has(first, 29)]
    return born


def _has(month: date, day: int) -> bool:
    return day <= monthrange(month.year, month.month)[1]
