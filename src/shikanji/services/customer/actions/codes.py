"""Codes that prove who holds an email or a phone: requested, sent by a job, guessed at a few times."""

import msgspec

from shikanji.contracts.customer import OpenChallenge
from shikanji.kit import codes as computed
from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.services.customer import tokens
from shikanji.services.customer.actions import failures
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.errors import NoCodesThere, TooManyCodes, TooManyFailures
from shikanji.services.customer.identity import Channel, Identifier
from shikanji.services.customer.model.challenge import Challenge, Purpose
from shikanji.services.customer.repository import accounts, codes
from shikanji.services.customer.settings import CustomerSettings

SEND_CODE = "send-code"
_HOUR_SECONDS = HOUR // SECOND


class CodeToSend(msgspec.Struct, frozen=True):
    """All that the sending job carries."""

    challenge_id: str


def request_sign_in(tx: Tx, phone: Identifier, caller: Caller) -> int:
    """Sends a code to a phone, known or not: all that follows is the same. Seconds that it is good for. Raises
    NoCodesThere, TooManyCodes, as all that send codes do."""
    return _request(tx, "sign-in", phone, None, caller)


def request_reset(tx: Tx, identifier: Identifier, caller: Caller) -> int:
    """The same rows are written for an identifier that nobody has; then the job finds nobody to send a code to."""
    holder = accounts.find_holder(tx, identifier)
    entitled = holder is not None and holder.recoverable_by(identifier)
    return _request(tx, "reset", identifier, holder.id if holder is not None and entitled else None, caller)


def request_verification(tx: Tx, customer_id: str, channel: Channel, caller: Caller) -> int:
    identifier = accounts.get(tx, customer_id).to_verify(channel)
    return _request(tx, "verify", identifier, customer_id, caller)


def check(
    tx: Tx, purpose: Purpose, identifier: Identifier, code: str, caller: Caller, account_id: str | None = None
) -> Challenge | None:
    """The challenge that `code` answers, now used up; None: wrong. A wrong guess must be committed, so nothing is
    raised for it. Taking the counter's row first lets one proof of an identifier happen at a time."""
    settings = tx.settings(CustomerSettings)
    failures.check_address(tx, caller)
    guesses = _guess_counter(identifier)
    codes.take(tx, guesses, limit=settings.code_guesses, seconds=settings.code_seconds, refusal=TooManyFailures)
    challenge = codes.newest(tx, purpose, identifier, account_id)
    if challenge is None or not _guess(tx, challenge, code, settings.code_guesses):
        failures.count_address(tx, caller)
        return None
    codes.consume(tx, challenge.id)
    codes.clear(tx, guesses)
    return challenge


def to_send(tx: Tx, challenge_id: str) -> OpenChallenge | None:
    """Whom a code is for, and in which words; None: nobody, because it is used or over, or nobody is to have one."""
    challenge = codes.find(tx, challenge_id)
    if challenge is None or challenge.consumed_at is not None or challenge.expires_at <= tx.now:
        return None
    if not challenge.answerable:
        return None
    account = accounts.find(tx, challenge.account_id) if challenge.account_id is not None else None
    if account is None and challenge.purpose == "sign-in":
        account = accounts.find_verified(tx, challenge.proves)
    return OpenChallenge(
        purpose=challenge.purpose,
        channel=challenge.channel,
        recipient=challenge.identifier,
        account_id=account.id if account is not None else None,
        language=account.language if account is not None else "en",
        minutes=(challenge.expires_at - challenge.created_at) // MINUTE,
    )


def _request(tx: Tx, purpose: Purpose, identifier: Identifier, account_id: str | None, caller: Caller) -> int:
    settings = tx.settings(CustomerSettings)
    if identifier.channel == "phone" and not identifier.value.startswith(settings.codes_to_phones):
        raise NoCodesThere(f"Codes go to numbers with {', '.join(settings.codes_to_phones)} only.")
    _take_caps(tx, identifier, caller, settings)
    codes.clear(tx, _guess_counter(identifier))
    challenge = Challenge.issue(
        tx.new_id(), purpose, identifier, account_id, at=tx.now, lasts=settings.code_seconds * SECOND
    )
    codes.add(tx, challenge)
    tx.schedule(SEND_CODE, challenge.id, tx.now, CodeToSend(challenge.id))
    return settings.code_seconds


def _take_caps(tx: Tx, identifier: Identifier, caller: Caller, settings: CustomerSettings) -> None:
    caps = [(codes.counter_name("codes-to", identifier.key), settings.codes_per_identifier_hour)]
    if caller.limited:
        caps.append((codes.counter_name("codes-ip", caller.ip), settings.codes_per_ip_hour))
    if caller.limited and identifier.channel == "phone":
        caps.append(("codes-by-sms", settings.codes_by_sms_hour))
    for counter, limit in caps:
        codes.take(tx, counter, limit=limit, seconds=_HOUR_SECONDS, refusal=TooManyCodes)


def _guess(tx: Tx, challenge: Challenge, code: str, guesses_max: int) -> bool:
    if not codes.guess(tx, challenge.id, guesses_max) or not challenge.answerable:
        return False
    return tokens.same(computed.code(tx.secret(computed.PURPOSE), challenge.id), code)


def _guess_counter(identifier: Identifier) -> str:
    return codes.counter_name("guesses", identifier.key)
