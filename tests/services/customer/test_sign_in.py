"""Register and sign in by password: who gets in, what is counted, what is given away."""

import asyncio
from pathlib import Path

import pytest

from shikanji.kit.clock import HOUR, MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.customer import service
from shikanji.services.customer.actions import accounts, sessions, sign_in
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sign_in import Claimant
from shikanji.services.customer.errors import (
    AccountDisabled,
    InvalidCredentials,
    TooManyFailures,
    TooManyRegistrations,
    WrongPassword,
)
from shikanji.services.customer.identity import Identifier
from shikanji.services.customer.settings import CustomerSettings
from tests.kit.databases import OpenDatabase, open_database
from tests.services.customer.makers import (
    ASHA_EMAIL,
    ASHA_PHONE,
    CALLER,
    DEVICE,
    RAVI_EMAIL,
    RAVI_PHONE,
    entropy,
    make_account,
    register,
    sign_in_as,
)

ENGINES = ["sqlite", "postgres"]


async def fail(database: OpenDatabase, identifier: Identifier = ASHA_EMAIL, ip: str = CALLER.ip) -> None:
    caller = Caller(ip)
    attempt = await database.read(sign_in.begin_login, identifier.key, identifier, caller)
    await database.write(sign_in.fail_login, attempt)


async def test_registering_signs_in_and_says_so(database: OpenDatabase) -> None:
    signed_in = await register(database)

    assert signed_in.customer.name == "Asha Jain"
    assert signed_in.principal.account_id == signed_in.customer.id
    assert (signed_in.principal.version, signed_in.principal.admin, signed_in.principal.roles) == (1, False, {})
    (event,) = database.events()
    assert (event.type, event.data) == (
        "CustomerRegistered",
        {"customerId": signed_in.customer.id, "language": "en"},
    )


async def test_so_many_accounts_are_opened_from_one_address_in_an_hour_and_no_more(tmp_path: Path) -> None:
    settings = CustomerSettings(registrations_per_ip_hour=2)
    async with open_database(service, tmp_path, settings=settings) as database:
        for label in ("first", "second"):
            await database.read(sign_in.check_registrations, CALLER)
            await register(database, label)

        with pytest.raises(TooManyRegistrations):
            await database.read(sign_in.check_registrations, CALLER)
        with pytest.raises(TooManyRegistrations):
            await register(database, "third")
        await database.read(sign_in.check_registrations, Caller("203.0.113.8"))
        await database.read(sign_in.check_registrations, Caller(CALLER.ip, limited=False))
        database.clock.advance(HOUR)
        await register(database, "third")

        assert database.query("SELECT count(*) FROM customers") == [(3,)]


async def test_events_carry_no_contact_data(database: OpenDatabase) -> None:
    await make_account(database)

    recorded = str(database.query("SELECT data FROM outbox"))

    assert ASHA_EMAIL.key not in recorded
    assert ASHA_PHONE.key not in recorded


async def test_two_may_register_with_one_email_until_somebody_proves_it(database: OpenDatabase) -> None:
    first = await register(database, "first")
    second = await register(database, "second", password_hash="hash-2")

    attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER)
    assert attempt.claimants == [Claimant(first.customer.id, "hash-1"), Claimant(second.customer.id, "hash-2")]


async def test_however_many_claim_an_email_only_two_passwords_are_tried(database: OpenDatabase) -> None:
    made = [(await register(database, f"account {number}")).customer.id for number in range(4)]

    attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER)

    assert [claimant.customer_id for claimant in attempt.claimants] == [made[0], made[3]]


async def test_one_signs_in_by_email_and_by_phone(database: OpenDatabase) -> None:
    registered = await register(database)

    for label, identifier in (("one", ASHA_EMAIL), ("two", ASHA_PHONE)):
        assert (await sign_in_as(database, identifier, label)).customer.id == registered.customer.id


async def test_the_verified_holder_of_an_email_comes_before_an_older_unverified_one(database: OpenDatabase) -> None:
    await make_account(database, verified=False)
    holder = await make_account(database, phone=RAVI_PHONE)

    assert (await sign_in_as(database)).customer.id == holder.id


async def test_an_unknown_identifier_leaves_nothing_to_verify_against(database: OpenDatabase) -> None:
    attempt = await database.read(sign_in.begin_login, RAVI_EMAIL.key, RAVI_EMAIL, CALLER)

    assert attempt.claimants == [Claimant(None, None)] * 2
    with pytest.raises(InvalidCredentials):
        await database.write(sign_in.complete_login, attempt, attempt.claimants[0], entropy("x"), DEVICE)


async def test_a_password_changed_while_it_was_verified_opens_nothing(database: OpenDatabase) -> None:
    signed_in = await register(database)
    attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER)

    await database.write(
        accounts.change_password,
        signed_in.customer.id,
        signed_in.session_id,
        verified_hash="hash-1",
        new_hash="hash-2",
    )

    with pytest.raises(InvalidCredentials):
        await database.write(sign_in.complete_login, attempt, attempt.claimants[0], entropy("x"), DEVICE)
    with pytest.raises(WrongPassword):
        await database.write(
            accounts.change_password, signed_in.customer.id, "", verified_hash="hash-1", new_hash="hash-3"
        )


async def test_a_disabled_account_is_told_so_only_after_its_password(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(accounts.set_disabled, customer.id, True, "head-office")

    with pytest.raises(AccountDisabled):
        await sign_in_as(database)
    assert database.query("SELECT count(*) FROM sessions") == [(0,)]


async def test_after_ten_failures_even_the_right_password_waits(database: OpenDatabase) -> None:
    await register(database)
    for _ in range(10):
        await fail(database)

    with pytest.raises(TooManyFailures) as refused:
        await sign_in_as(database)
    assert refused.value.retry_after_seconds == 15 * 60

    database.clock.advance(15 * MINUTE)
    assert (await sign_in_as(database)).customer.name == "Asha Jain"


async def test_failures_of_unknown_identifiers_are_limited_alike(database: OpenDatabase) -> None:
    for _ in range(10):
        await fail(database, RAVI_EMAIL)

    with pytest.raises(TooManyFailures):
        await fail(database, RAVI_EMAIL)


async def test_three_hundred_failures_from_one_address_are_enough(database: OpenDatabase) -> None:
    for number in range(300):
        await fail(database, Identifier("email", "", f"{number}@demo.test"))

    with pytest.raises(TooManyFailures):
        await sign_in_as(database)
    for caller in (Caller("203.0.113.8"), Caller(CALLER.ip, limited=False)):
        attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, caller)
        assert attempt.claimants[0] == Claimant(None, None)


async def test_success_forgives_the_failures_before_it(database: OpenDatabase) -> None:
    await register(database)
    for round_number in range(3):
        for _ in range(9):
            await fail(database, ip=f"203.0.113.{round_number}")
        await sign_in_as(database, label=f"round {round_number}")


async def test_of_many_guesses_at_once_none_gets_in_after_the_limit(database: OpenDatabase) -> None:
    """All of them pass the first check together; the limit is looked at again when the right one comes through."""
    await register(database)
    attempts = [await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER) for _ in range(11)]

    await asyncio.gather(*(database.write(sign_in.fail_login, attempt) for attempt in attempts[:10]))

    with pytest.raises(TooManyFailures):
        await database.write(sign_in.complete_login, attempts[10], attempts[10].claimants[0], entropy("x"), DEVICE)


async def test_the_oldest_session_ends_when_there_are_too_many(tmp_path: Path) -> None:
    async with open_database(service, tmp_path, settings=CustomerSettings(sessions_per_account=3)) as database:
        first = await register(database)

        granted = [await sign_in_as(database, label=f"device {number}") for number in range(3)]

        assert [notice.session_id for notice in granted[-1].notices] == [first.session_id]
        live = await database.read(sessions.list_sessions, first.customer.id)
        assert [session.id for session in live] == [one.session_id for one in reversed(granted)]


async def test_changing_the_password_ends_every_other_session(database: OpenDatabase) -> None:
    other = await register(database)
    this = await sign_in_as(database)

    notices = await database.write(
        accounts.change_password,
        this.customer.id,
        this.session_id,
        verified_hash="hash-1",
        new_hash="hash-2",
    )

    assert [notice.session_id for notice in notices] == [other.session_id]
    live = await database.read(sessions.list_sessions, this.customer.id)
    assert [session.id for session in live] == [this.session_id]


async def test_ending_other_sessions_leaves_this_one(database: OpenDatabase) -> None:
    first = await register(database)
    second = await sign_in_as(database)

    notices = await database.write(sessions.revoke_others, second.customer.id, second.session_id)

    assert [notice.session_id for notice in notices] == [first.session_id]
    assert await good(database, second.customer.id, second.session_id)
    assert not await good(database, first.customer.id, first.session_id)


async def test_nobody_ends_a_session_of_somebody_else(database: OpenDatabase) -> None:
    asha = await register(database)
    ravi = await register(database, "ravi", email=RAVI_EMAIL, phone=RAVI_PHONE)

    assert await database.write(sessions.logout, ravi.customer.id, asha.session_id) == []
    assert await good(database, asha.customer.id, asha.session_id)


async def good(database: OpenDatabase, customer_id: str, session_id: str, version: int = 1) -> bool:
    def ask(tx: Tx) -> bool:
        return sessions.is_good(tx, customer_id, session_id, version)

    return await database.read(ask)
