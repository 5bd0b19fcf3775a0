"""The shapes of the customer service's HTTP edge."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shikanji.kit.auth import Role
from shikanji.kit.web.pages import PageQuery
from shikanji.services.customer import passwords
from shikanji.services.customer.identity import EMAIL_LENGTH_MAX, Channel
from shikanji.services.customer.model.account import Language
from shikanji.services.customer.model.keeping import AddressLabel, Dietary, MessageChannel, Spice, default_channels

_TEXT = r"^(?!\s*$)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
_ONE_LINE = {"pattern": "one line of text, and not blank"}

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=_TEXT, extra=_ONE_LINE)]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_TEXT, extra=_ONE_LINE)]
OptionalLine = Annotated[
    str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", extra={"pattern": "one line of text"})
]
Place = Annotated[str, Meta(min_length=1, max_length=100, pattern=_TEXT, extra=_ONE_LINE)]
EmailText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=EMAIL_LENGTH_MAX,
        extra_json_schema={"format": "email", "example": "asha@demo.test"},
        extra={"form": "an email address such as asha@example.in"},
    ),
]
PhoneText = Annotated[
    str,
    Meta(
        min_length=5,
        max_length=32,
        pattern=r"^[+0-9 ().-]+$",
        extra_json_schema={"example": "+919876543210"},
        extra={"form": "a phone number such as +919876543210"},
    ),
]
IdentifierText = Annotated[
    str,
    Meta(min_length=1, max_length=EMAIL_LENGTH_MAX, description="An email or a phone."),
]
NewPassword = Annotated[str, Meta(min_length=passwords.LENGTH_MIN, max_length=passwords.LENGTH_MAX)]
GivenPassword = Annotated[str, Meta(max_length=passwords.LENGTH_MAX)]
Code = Annotated[
    str, Meta(min_length=6, max_length=6, pattern=r"^[0-9]{6}$", extra={"form": "the six digits that were sent"})
]
Token = Annotated[str, Meta(max_length=200)]
PostalCode = Annotated[
    str,
    Meta(
        min_length=6,
        max_length=6,
        pattern=r"^[1-9][0-9]{5}$",
        extra={"form": "a PIN code: six digits, the first not 0"},
    ),
]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Category = Annotated[str, Meta(min_length=1, max_length=100, pattern=_TEXT, extra=_ONE_LINE)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out. Times are RFC 3339 in UTC, amounts paise."""


class Register(In, frozen=True, kw_only=True):
    name: Name
    email: EmailText
    phone: PhoneText
    password: NewPassword
    language: Language = "en"


class Login(In, frozen=True, kw_only=True):
    identifier: IdentifierText
    password: GivenPassword


class Refresh(In, frozen=True, kw_only=True):
    """A browser leaves the token out: its cookie carries it."""

    refresh_token: Token | None = None


class RequestSignInCode(In, frozen=True, kw_only=True):
    phone: PhoneText


class SignInByCode(In, frozen=True, kw_only=True):
    phone: PhoneText
    code: Code


class ChangePassword(In, frozen=True, kw_only=True):
    """`currentPassword` is left out by an account that has none yet."""

    current_password: GivenPassword | None = None
    new_password: NewPassword


class RequestReset(In, frozen=True, kw_only=True):
    identifier: IdentifierText


class ResetPassword(In, frozen=True, kw_only=True):
    identifier: IdentifierText
    code: Code
    new_password: NewPassword


class RequestVerification(In, frozen=True, kw_only=True):
    channel: Channel


class Verify(In, frozen=True, kw_only=True):
    channel: Channel
    code: Code


class UpdateCustomer(In, frozen=True, kw_only=True):
    """What is left out stays; null removes. A new email or phone is unverified; once either was verified, to change one
    takes `currentPassword`, where the account has a password."""

    name: Name | UnsetType = UNSET
    email: EmailText | UnsetType | None = UNSET
    phone: PhoneText | UnsetType | None = UNSET
    date_of_birth: date | UnsetType | None = UNSET
    language: Language | UnsetType = UNSET
    current_password: GivenPassword | None = None


class SetAccess(In, frozen=True, kw_only=True):
    disabled: bool


class AddressIn(In, frozen=True, kw_only=True):
    label: AddressLabel = "home"
    line1: Line
    line2: OptionalLine | None = None
    landmark: OptionalLine | None = None
    city: Place
    state: Place
    postal_code: PostalCode
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    is_default: bool = False


class PreferencesIn(In, frozen=True, kw_only=True):
    """Everything at once: what is left out takes its default, but `language` stays as it is."""

    spice: Spice | None = None
    dietary: Annotated[list[Dietary], Meta(max_length=5)] = []
    categories: Annotated[list[Category], Meta(max_length=20)] = []
    channels: Annotated[list[MessageChannel], Meta(max_length=4)] = msgspec.field(default_factory=default_channels)
    marketing: bool = False
    language: Language | None = None


class CustomersQuery(PageQuery, frozen=True, kw_only=True):
    """`q`: a whole email or phone, or a part of a name."""

    q: Annotated[str, Meta(min_length=1, max_length=EMAIL_LENGTH_MAX)] | None = None
    disabled: bool | None = None


class CustomerBrief(Out, frozen=True, kw_only=True):
    id: str
    name: str
    email: str | None
    phone: str | None


class Grant(Out, frozen=True, kw_only=True):
    """The access token is good for `expiresIn` seconds, the refresh token for 30 days and once."""

    customer: CustomerBrief
    access_token: str
    refresh_token: str
    expires_in: int


class CodeSent(Out, frozen=True, kw_only=True):
    """The same whether or not anybody is there to get the code. `expiresIn`: seconds."""

    expires_in: int


class CustomerRow(Out, frozen=True, kw_only=True):
    id: str
    name: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    date_of_birth: str | None
    language: Language
    admin: bool
    disabled: bool
    order_count: int
    total_spent: int
    created_at: str


class CustomerView(CustomerRow, frozen=True, kw_only=True):
    """`roles`: store id → staff role."""

    has_password: bool
    roles: dict[str, Role]


class AddressView(Out, frozen=True, kw_only=True):
    id: str
    label: AddressLabel
    line1: str
    line2: str | None
    landmark: str | None
    city: str
    state: str
    postal_code: str
    latitude: float | None
    longitude: float | None
    is_default: bool


class PreferencesView(Out, frozen=True, kw_only=True):
    """`marketingSince`: when consent was given."""

    spice: Spice | None
    dietary: list[Dietary]
    categories: list[str]
    channels: list[MessageChannel]
    marketing: bool
    marketing_since: str | None
    language: Language


class FavouriteView(Out, frozen=True, kw_only=True):
    product_id: str
    added_at: str


class SessionView(Out, frozen=True, kw_only=True):
    """`current`: the one that asks."""

    id: str
    created_at: str
    last_used_at: str
    expires_at: str
    ip: str
    user_agent: str
    current: bool


class KeySet(msgspec.Struct, frozen=True):
    """RFC 7517."""

    keys: list[dict[str, str]]
