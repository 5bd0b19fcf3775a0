"""What an operator may set of the customer service: `SHIKANJI_CUSTOMER_<FIELD>`."""

from typing import Annotated

import msgspec

from shikanji.kit.auth_revocations import TOKEN_LIFE_MAX
from shikanji.kit.clock import SECOND

Prefix = Annotated[
    str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{0,6}$(?!\n)", extra={"form": "the beginning of a number such as +91"})
]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class CustomerSettings(msgspec.Struct, frozen=True, kw_only=True):
    access_token_seconds: Annotated[int, msgspec.Meta(ge=60, le=TOKEN_LIFE_MAX // SECOND)] = 900
    refresh_token_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    refresh_grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=10)] = 10
    """For how long the token just rotated may be shown again, by a client that missed the answer."""
    sessions_per_account: Count = 500
    """Beyond it the oldest session ends."""

    login_failures_per_identifier: Count = 10
    login_failures_per_ip: Count = 300
    """Many households and whole mobile networks share one address."""
    login_failure_window_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900

    registrations_per_ip_hour: Count = 200
    """With a password; who comes by a code is counted with the codes."""

    code_seconds: Annotated[int, msgspec.Meta(ge=60, le=600)] = 600
    code_guesses: Annotated[int, msgspec.Meta(ge=1, le=5)] = 5
    codes_per_identifier_hour: Count = 5
    codes_per_ip_hour: Count = 30
    codes_to_phones: tuple[Prefix, ...] = ("+91",)
    """Numbers that begin so are sent codes: who pumps messages for money wants them sent abroad."""
    codes_by_sms_hour: Count = 2_000
    """Over all numbers: what an attack may cost."""

    signing_key_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 90
    """After this long a new key signs."""

    addresses_per_customer: Count = 20
    favourites_per_customer: Count = 200
    forgotten_after_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 30
    """How long ended sessions and used tokens are kept."""
