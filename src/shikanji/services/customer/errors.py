"""What the customer service refuses, and with which words."""

from shikanji.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthorized


class InvalidCredentials(Unauthorized):
    """One answer for an unknown identifier, a wrong password and an account without one."""

    type, title = "invalid-credentials", "Wrong identifier or password"


class InvalidCode(Unauthorized):
    """One answer to a sign-in with a wrong, a used, a lapsed and a never requested code."""

    type, title = "invalid-code", "Wrong or expired code"


class WrongCode(Invalid):
    """As InvalidCode, where no sign-in is at stake: a 401 would tell clients that their session is over."""

    type, title = "wrong-code", "Wrong or expired code"


class InvalidRefreshToken(Unauthorized):
    type, title = "invalid-refresh-token", "Sign in again"


class AccountDisabled(Forbidden):
    """Said only to who has proved to be the account's owner."""

    type, title = "account-disabled", "This account is disabled"


class TooManyFailures(TooManyRequests):
    type, title = "too-many-failures", "Too many failed attempts"


class TooManyCodes(TooManyRequests):
    type, title = "too-many-codes", "Too many codes were requested"


class TooManyRegistrations(TooManyRequests):
    type, title = "too-many-registrations", "Too many accounts were opened from here"


class NoCodesThere(Invalid):
    type, title = "no-codes-there", "Codes are not sent to numbers of that country"


class CustomerNotFound(NotFound):
    type, title = "customer-not-found", "No such customer"


class AddressNotFound(NotFound):
    type, title = "address-not-found", "No such address"


class SessionNotFound(NotFound):
    type, title = "session-not-found", "No such session"


class AccountNotVerified(Invalid):
    type, title = "account-not-verified", "No account has verified this email or phone"


class WrongPassword(Invalid):
    type, title = "wrong-password", "The current password is wrong"


class WeakPassword(Invalid):
    type, title = "weak-password", "This password is too easy to guess"


class NothingToVerify(Conflict):
    type, title = "nothing-to-verify", "There is nothing to verify"


class IdentifierTaken(Conflict):
    type, title = "identifier-taken", "Another account has verified this email or phone"


class TooManyAddresses(Conflict):
    type, title = "too-many-addresses", "The address book is full"


class TooManyFavourites(Conflict):
    type, title = "too-many-favourites", "The list of favourites is full"


class OwnAccount(Conflict):
    type, title = "own-account", "Not possible on one's own account"
