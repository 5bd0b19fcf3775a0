"""Failed sign-ins by password, counted against the identifier as given (known or not) and where they came from."""

from shikanji.kit.db.tx import Tx
from shikanji.services.customer.actions.codes import Caller
from shikanji.services.customer.errors import TooManyFailures
from shikanji.services.customer.repository import codes
from shikanji.services.customer.settings import CustomerSettings


def check(tx: Tx, subject: str, caller: Caller) -> None:
    """Raises TooManyFailures."""
    settings = tx.settings(CustomerSettings)
    codes.check(tx, _of(subject), limit=settings.login_failures_per_identifier, refusal=TooManyFailures)
    codes.check(tx, _from(caller), limit=settings.login_failures_per_ip, refusal=TooManyFailures)


def count(tx: Tx, subject: str, caller: Caller) -> None:
    """Raises TooManyFailures when the limit was reached meanwhile."""
    settings = tx.settings(CustomerSettings)
    seconds = settings.login_failure_window_seconds
    codes.take(tx, _of(subject), limit=settings.login_failures_per_identifier, seconds=seconds, refusal=TooManyFailures)
    codes.count(tx, _from(caller), limit=settings.login_failures_per_ip, seconds=seconds)


def forgive(tx: Tx, subject: str) -> None:
    """Who has got in starts afresh; the address that it came from does not."""
    codes.clear(tx, _of(subject))


def _of(subject: str) -> str:
    return codes.counter_name("failures", subject)


def _from(caller: Caller) -> str:
    return codes.counter_name("failures-ip", caller.ip)
