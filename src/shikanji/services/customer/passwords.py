"""Passwords: which are refused, and how they are kept (argon2id with the parameters that OWASP gives)."""

import unicodedata
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shikanji.services.customer.errors import WeakPassword

LENGTH_MIN = 8
LENGTH_MAX = 128

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Of a random text that nobody kept. Verified when there is no account, so that both take the same time.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$3ueNCE2YZANriuD1HIrSiw$PeJa31SIrhWGBBFRwBDbQrKUODaOAFVBb+e5KvvOIOU"

_COMMON_WORDS = """
password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 12345678910
87654321 987654321 0987654321 11111111 00000000 88888888 12341234 11223344 112233445566 123123123 123321123
1q2w3e4r 1q2w3e4r5t 1qaz2wsx qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjk asdfghjkl zxcvbnm123
q1w2e3r4 abcd1234 abc12345 abcdefgh abcdefghi a1b2c3d4 aa123456 a1234567 iloveyou iloveyou1 sunshine princess
princess1 football baseball superman batman123 trustno1 welcome1 welcome123 letmein1 letmein123 admin123
admin1234 administrator changeme changeme123 whatever starwars computer internet samsung1 pokemon123 dragon123
monkey123 master123 killer123 michael1 jennifer jordan23 liverpool chelsea1 arsenal1 india123 india1234
bharat123 krishna1 krishna123 ganesh123 sairam123 jaihind1 jaihind123 mumbai123 shikanji shikanji1 shikanji123
jainshikanji lovely123 secret123 testtest test1234 google123 facebook linkedin mypassword
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def check_strength(password: str, *own: str | None, field: str = "password") -> None:
    """Length is checked with the shape of the request. `own`: what everyone knows of the account (email, phone, name).
    Raises WeakPassword."""
    folded = normalise(password).casefold()
    if folded in _COMMON or len(set(folded)) < 4:
        raise WeakPassword.field(field, "is one of the first that are tried")
    if any(word and folded == word.casefold() for word in own):
        raise WeakPassword.field(field, "must not be your name, email or phone")


def normalise(password: str) -> str:
    """One form for a text that keyboards compose differently."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Takes 27 ms of one core and 19 MiB: never on the event loop, never in a transaction."""
    return _HASHER.hash(normalise(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Takes the same time when nothing is stored."""
    try:
        matches = _HASHER.verify(stored or _NOBODY, normalise(password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


def first_match(password: str, stored: Sequence[str | None]) -> int | None:
    """Which of the hashes the password fits; None: none of them. So many are tried whatever they are, that the time
    does not tell how many accounts there are."""
    for index, one in enumerate(stored):
        if verify_password(password, one):
            return index
    return None
