"""An email or phone is unique among those who proved it; proving takes it from all who did not."""

import msgspec
import pytest

from shikanji.kit.jobs import Job
from shikanji.services.customer.actions import accounts, codes, sessions
from shikanji.services.customer.actions.sessions import SignedIn
from shikanji.services.customer.errors import IdentifierTaken, NothingToVerify
from shikanji.services.customer.jobs import release_identifier
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import (
    ASHA_EMAIL,
    ASHA_PHONE,
    CALLER,
    RAVI_PHONE,
    code_sent,
    make_account,
    register,
    sign_in_as,
    wrong,
)

ENGINES = ["sqlite", "postgres"]


async def prove_email(database: OpenDatabase, signed_in: SignedIn) -> list[str | None]:
    """Ids of the sessions that ended by it."""
    await database.write(codes.request_verification, signed_in.customer.id, "email", CALLER)
    notices = await database.write(
        accounts.verify_identifier, signed_in.customer.id, "email", code_sent(database), CALLER
    )
    assert notices is not None
    return [notice.session_id for notice in notices]


async def test_proving_an_email_takes_it_from_those_who_only_named_it(database: OpenDatabase) -> None:
    squatter = await register(database, "squatter", phone=RAVI_PHONE, password_hash="squatter's")
    owner = await register(database, "owner")

    ended = await prove_email(database, owner)

    assert ended == [squatter.session_id]
    assert (await database.write(sessions.rotate, squatter.refresh_token)).signed_in is None
    assert (await sign_in_as(database, ASHA_EMAIL)).customer.id == owner.customer.id
    assert (await sign_in_as(database, RAVI_PHONE, "by phone")).customer.id == squatter.customer.id


async def test_what_happens_is_told_in_events(database: OpenDatabase) -> None:
    squatter = await register(database, "squatter", phone=RAVI_PHONE)
    owner = await register(database, "owner")

    await prove_email(database, owner)

    told = [(event.type, event.aggregate_id) for event in database.events()[2:]]
    assert told == [
        ("CustomerVerified", owner.customer.id),
        ("ProfileUpdated", squatter.customer.id),
        ("SessionRevoked", squatter.session_id),
    ]


async def test_who_loses_an_email_can_prove_it_no_more(database: OpenDatabase) -> None:
    latecomer = await register(database, "latecomer", phone=RAVI_PHONE)
    await database.write(codes.request_verification, latecomer.customer.id, "email", CALLER)
    code = code_sent(database)
    await make_account(database, email=ASHA_EMAIL, phone=None)

    with pytest.raises(NothingToVerify):
        await database.write(accounts.verify_identifier, latecomer.customer.id, "email", code, CALLER)


async def test_a_second_verified_account_with_one_email_cannot_be(database: OpenDatabase) -> None:
    await make_account(database)

    with pytest.raises(IdentifierTaken):
        await make_account(database, phone=RAVI_PHONE)
    assert database.query("SELECT count(*) FROM customers") == [(1,)]


async def test_an_unverified_claim_on_a_proved_email_may_exist_and_is_worth_nothing(database: OpenDatabase) -> None:
    owner = await make_account(database)
    claimant = await register(database, "claimant", phone=RAVI_PHONE, password_hash="claimant's")

    await database.write(codes.request_verification, claimant.customer.id, "email", CALLER)
    with pytest.raises(IdentifierTaken):
        await database.write(accounts.verify_identifier, claimant.customer.id, "email", code_sent(database), CALLER)

    assert (await sign_in_as(database)).customer.id == owner.id


async def test_a_wrong_code_proves_nothing_and_is_counted(database: OpenDatabase) -> None:
    signed_in = await register(database)
    await database.write(codes.request_verification, signed_in.customer.id, "phone", CALLER)

    proved = await database.write(
        accounts.verify_identifier, signed_in.customer.id, "phone", wrong(code_sent(database)), CALLER
    )

    assert proved is None
    assert database.query("SELECT guesses FROM challenges") == [(1,)]
    assert database.query("SELECT phone_verified_at FROM customers") == [(None,)]


async def test_a_code_proves_only_for_the_account_that_asked_for_it(database: OpenDatabase) -> None:
    asker = await register(database, "asker")
    other = await register(database, "other")
    await database.write(codes.request_verification, asker.customer.id, "phone", CALLER)

    stolen = await database.write(accounts.verify_identifier, other.customer.id, "phone", code_sent(database), CALLER)

    assert stolen is None


async def test_an_email_named_by_very_many_is_taken_from_all_of_them(database: OpenDatabase) -> None:
    for number in range(103):
        await register(database, f"squatter {number}", phone=None)
    owner = await register(database, "owner")

    assert len(await prove_email(database, owner)) == 100
    (planned,) = [job for job in database.jobs() if job.kind == accounts.RELEASE_IDENTIFIER]
    job = Job(
        kind=planned.kind,
        key=planned.key,
        due_at=planned.due_at,
        payload=msgspec.json.encode(planned.payload),
        attempts=1,
        lease="lease",
    )
    await database.write(release_identifier, job)

    assert database.query("SELECT count(*) FROM customers WHERE email IS NOT NULL") == [(1,)]
    assert database.query("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(1,)]


async def test_made_accounts_take_their_identifiers_from_unverified_ones(database: OpenDatabase) -> None:
    squatter = await register(database)

    made = await make_account(database, admin=True)

    assert made.admin
    rows = {row[0]: row[1:] for row in database.query("SELECT id, email, phone FROM customers")}
    assert rows == {squatter.customer.id: (None, None), made.id: (ASHA_EMAIL.value, ASHA_PHONE.value)}
