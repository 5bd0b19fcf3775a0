"""What the customer service tells and answers."""

from typing import ClassVar, Literal

import msgspec

from shikanji.kit.calls import Call
from shikanji.kit.events import Event


class CustomerRegistered(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    language: Literal["en", "hi"]


class CustomerVerified(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    channel: Literal["email", "phone"]


class ProfileUpdated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    changed: list[str]


class AddressAdded(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    address_id: str
    postal_code: str


class SessionRevoked(Event, frozen=True, kw_only=True):
    """No token of this session is good any more."""

    aggregate: ClassVar[str] = "session_id"
    session_id: str
    customer_id: str
    reason: str


class AccessChanged(Event, frozen=True, kw_only=True):
    """Tokens of this account below `minimum_version` are no good any more."""

    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    minimum_version: int
    disabled: bool


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    line1: str
    line2: str | None = None
    landmark: str | None = None
    city: str
    state: str
    postal_code: str
    latitude: float | None = None
    longitude: float | None = None


class OrderingCustomer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    customer_id: str
    name: str
    email: str | None
    phone: str | None
    language: str
    address: Address | None


class AskOrderingCustomer(Call[OrderingCustomer], frozen=True, kw_only=True):
    """Contact and address for a new order. Refusals: customer-not-found (disabled too), address-not-found."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = OrderingCustomer
    customer_id: str
    address_id: str | None = None


class VerifiedAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    account_id: str
    name: str
    email: str | None
    phone: str | None


class FindVerifiedAccount(Call[VerifiedAccount], frozen=True, kw_only=True):
    """The account with this VERIFIED email or phone. Refusal: account-not-verified (422)."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = VerifiedAccount
    identifier: str


class AccountNames(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    accounts: list[VerifiedAccount]
    """Those that exist, in no order."""


class AskAccounts(Call[AccountNames], frozen=True, kw_only=True):
    """Names and contacts of up to 200 accounts, for staff lists."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = AccountNames
    account_ids: list[str]


Language = Literal["en", "hi"]


class Contacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How to reach somebody, and what that person wants. `channels`: those that were chosen for messages at large."""

    account_id: str
    name: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    language: Language
    channels: list[Literal["email", "sms", "push", "in-app"]]
    marketing_since: int | None
    """When consent to marketing was given (µs); None: there is none."""


class ContactsFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    contacts: list[Contacts]
    """Of those that exist and are not disabled, in no order."""


class AskContacts(Call[ContactsFound], frozen=True, kw_only=True):
    """Contacts of up to 100 accounts, asked for at the moment of sending and kept nowhere."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = ContactsFound
    account_ids: list[str]


class OpenChallenge(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be proved by a code. The code itself is computed from the challenge's id (`kit.codes`)."""

    purpose: Literal["sign-in", "reset", "verify"]
    channel: Literal["email", "phone"]
    recipient: str
    account_id: str | None
    language: Language
    minutes: int
    """How long the code is good for."""


class ChallengeFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    challenge: OpenChallenge | None
    """None: nothing is to be sent, because it is over, or nobody is to have a code."""


class AskChallenge(Call[ChallengeFound], frozen=True, kw_only=True):
    """To whom the code of a challenge goes, and in which words."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = ChallengeFound
    challenge_id: str


class Birthdays(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    account_ids: list[str]


class AskBirthdays(Call[Birthdays], frozen=True, kw_only=True):
    """Up to 500 verified accounts whose birthday is on this day, by id; more, if so many, after the last of them. Those
    of the 29th of February have theirs on the 28th where there is no other."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = Birthdays
    day: str
    """`2026-11-22`."""
    after: str = ""


class SigningKeys(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    keys: list[dict[str, str]]
    """Public JWKs (OKP, Ed25519), current and still accepted ones."""


class AskSigningKeys(Call[SigningKeys], frozen=True, kw_only=True):
    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = SigningKeys


class Revocations(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    sessions: dict[str, int]
    """Revoked session id → when (µs); those younger than one access-token life."""
    minimum_versions: dict[str, int]
    """Account id → least authz version that is still good."""


class AskRevocations(Call[Revocations], frozen=True, kw_only=True):
    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = Revocations


class SessionStanding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    good: bool


class AskSessionStanding(Call[SessionStanding], frozen=True, kw_only=True):
    """Whether tokens of this session and version are still good; asked per token until revocations are filled."""

    service: ClassVar[str] = "customer"
    returns: ClassVar[type] = SessionStanding
    account_id: str
    session_id: str
    version: int


class RevocationNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What goes over the cache port's channel `revocations` at once, ahead of the events."""

    session_id: str | None = None
    account_id: str | None = None
    minimum_version: int | None = None


REVOCATIONS_CHANNEL = "revocations"
