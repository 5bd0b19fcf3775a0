"""Failed sign-ins, counted against the identifier as given (known or not) and where they came from."""

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.services.customer.errors import TooManyFailures
from shikanji.services.customer.repository import codes
from shikanji.services.customer.settings import CustomerSettings


class Caller(msgspec.Struct, frozen=True):
    """Where a request comes from: `ip` is an address prefix. `limited` False lifts what counts by address (load tests
    come from one), never what counts by identifier."""

    ip: str
    limited: bool = True


def check(tx: Tx, subject: str, caller: Caller) -> None:
    """Raises TooManyFailures."""
    limit = tx.settings(CustomerSettings).login_failures_per_identifier
    codes.check(tx, _of(subject), limit=limit, refusal=TooManyFailures)
    check_address(tx, caller)


def count(tx: Tx, subject: str, caller: Caller) -> None:
    """Raises TooManyFailures when the limit was reached meanwhile."""
    settings = tx.settings(CustomerSettings)
    codes.take(
        tx,
        _of(subject),
        limit=settings.login_failures_per_identifier,
        seconds=settings.login_failure_window_seconds,
        refusal=TooManyFailures,
    )
    count_address(tx, caller)


def check_address(tx: Tx, caller: Caller) -> None:
    """Raises TooManyFailures."""
    if caller.limited:
        limit = tx.settings(CustomerSettings).login_failures_per_ip
        codes.check(tx, _from(caller), limit=limit, refusal=TooManyFailures)


def count_address(tx: Tx, caller: Caller) -> None:
    settings = tx.settings(CustomerSettings)
    codes.count(
        tx,
        _from(caller),
        limit=settings.login_failures_per_ip,
        seconds=settings.login_failure_window_seconds,
    )


def forgive(tx: Tx, subject: str) -> None:
    """Who has got in starts afresh; the address that it came from does not."""
    codes.clear(tx, _of(subject))


def _of(subject: str) -> str:
    return codes.counter_name("failures", subject)


def _from(caller: Caller) -> str:
    return codes.counter_name("failures-ip", caller.ip)
