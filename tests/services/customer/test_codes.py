"""Codes: to whom they are sent, how often they may be guessed, and what they open."""

import msgspec
import pytest

from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.services.customer.actions import accounts, codes, sign_in
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sessions import SignedIn
from shikanji.services.customer.errors import (
    AccountDisabled,
    NoCodesThere,
    NothingToVerify,
    TooManyCodes,
    TooManyFailures,
)
from shikanji.services.customer.identity import Channel, Identifier, parse_phone
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import (
    ASHA_EMAIL,
    ASHA_PHONE,
    CALLER,
    DEVICE,
    RAVI_EMAIL,
    code_sent,
    entropy,
    make_account,
    register,
    sign_in_as,
    wrong,
)

ENGINES = ["sqlite", "postgres"]


async def enter(database: OpenDatabase, code: str, label: str = "otp") -> SignedIn | None:
    return await database.write(sign_in.sign_in_by_code, ASHA_PHONE, code, CALLER, entropy(label), DEVICE)


async def test_the_job_that_sends_a_code_carries_the_challenge_only(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    (job,) = database.jobs()
    assert job.kind == "send-code"
    assert job.payload == {"challenge_id": job.key}
    challenge = await database.read(codes.to_send, job.key)
    assert challenge is not None
    assert (challenge.purpose, challenge.channel, challenge.recipient) == ("sign-in", "phone", "+919876543210")
    assert challenge.minutes == 10
    assert code_sent(database) not in msgspec.json.encode(challenge).decode()
    assert code_sent(database) not in str(database.query("SELECT * FROM challenges"))


async def test_an_unknown_phone_is_registered_and_verified(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    signed_in = await enter(database, code_sent(database))

    assert signed_in is not None
    assert signed_in.customer.phone is not None
    assert signed_in.customer.phone.verified_at == database.clock.now()
    assert [event.type for event in database.events()] == ["CustomerRegistered", "CustomerVerified"]


async def test_a_known_phone_signs_in_to_its_account(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    signed_in = await enter(database, code_sent(database))

    assert signed_in is not None
    assert signed_in.customer.id == customer.id


async def test_who_has_the_phone_does_not_get_an_account_that_never_proved_it(database: OpenDatabase) -> None:
    """A mistyped number must not hand an account to a stranger; but the account loses the number."""
    claimant = await register(database)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    signed_in = await enter(database, code_sent(database))

    assert signed_in is not None
    assert signed_in.customer.id != claimant.customer.id
    assert [notice.session_id for notice in signed_in.notices] == [claimant.session_id]
    assert database.query(f"SELECT phone FROM customers WHERE id = '{claimant.customer.id}'") == [(None,)]


async def test_a_code_is_good_once(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    code = code_sent(database)

    assert await enter(database, code) is not None
    assert await enter(database, code, "twice") is None


async def test_a_code_lapses_after_ten_minutes(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    database.clock.advance(10 * MINUTE)

    assert await enter(database, code_sent(database)) is None


async def test_five_wrong_guesses_burn_a_code(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    code = code_sent(database)
    for _ in range(5):
        assert await enter(database, wrong(code)) is None

    with pytest.raises(TooManyFailures) as refused:
        await enter(database, code)
    assert refused.value.retry_after_seconds == 600

    database.clock.advance(9 * MINUTE)
    with pytest.raises(TooManyFailures):
        await enter(database, code)
    assert database.query("SELECT guesses FROM challenges") == [(5,)]


async def test_a_phone_that_asked_for_no_code_answers_guesses_alike(database: OpenDatabase) -> None:
    for _ in range(5):
        assert await enter(database, "123456") is None

    with pytest.raises(TooManyFailures):
        await enter(database, "123456")


async def test_a_newer_code_voids_the_one_before(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    assert await enter(database, code_sent(database, 0)) is None
    assert await enter(database, code_sent(database, 1)) is not None


async def test_asking_again_gives_new_guesses_to_the_new_code_only(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    for _ in range(5):
        await enter(database, wrong(code_sent(database)))
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    assert await enter(database, code_sent(database, 0)) is None
    assert await enter(database, code_sent(database, 1)) is not None


async def test_a_code_to_sign_in_resets_no_password(database: OpenDatabase) -> None:
    await make_account(database)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    reset = await database.write(accounts.reset_password, ASHA_PHONE, code_sent(database), "hash-2", CALLER)

    assert reset is None


async def test_five_codes_an_hour_go_to_one_number(database: OpenDatabase) -> None:
    for number in range(5):
        await database.write(codes.request_sign_in, ASHA_PHONE, Caller(f"203.0.113.{number}"))

    with pytest.raises(TooManyCodes) as refused:
        await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    assert refused.value.retry_after_seconds == 3600

    database.clock.advance(HOUR)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)


async def test_thirty_codes_an_hour_are_asked_for_from_one_address(database: OpenDatabase) -> None:
    phones = [f"+9198765{number:05d}" for number in range(31)]
    for phone in phones[:30]:
        await database.write(codes.request_sign_in, Identifier("phone", phone, phone), CALLER)

    with pytest.raises(TooManyCodes):
        await database.write(codes.request_sign_in, Identifier("phone", phones[30], phones[30]), CALLER)
    unlimited = Caller(CALLER.ip, limited=False)
    await database.write(codes.request_sign_in, Identifier("phone", phones[30], phones[30]), unlimited)


async def test_codes_go_to_the_countries_that_are_served(database: OpenDatabase) -> None:
    abroad = parse_phone("+12024561414")

    with pytest.raises(NoCodesThere):
        await database.write(codes.request_sign_in, abroad, CALLER)
    with pytest.raises(NoCodesThere):
        await database.write(codes.request_reset, abroad, CALLER)

    assert database.query("SELECT count(*) FROM challenges") == [(0,)]


async def test_lifted_limits_never_lift_those_on_guesses(database: OpenDatabase) -> None:
    unlimited = Caller(CALLER.ip, limited=False)
    for _ in range(5):
        await database.write(codes.check, "sign-in", ASHA_PHONE, "123456", unlimited)

    with pytest.raises(TooManyFailures):
        await database.write(codes.check, "sign-in", ASHA_PHONE, "123456", unlimited)


async def test_a_refused_request_leaves_nothing(database: OpenDatabase) -> None:
    for number in range(5):
        await database.write(codes.request_sign_in, ASHA_PHONE, Caller(f"203.0.113.{number}"))
    before = database.query("SELECT count(*) FROM challenges"), database.query("SELECT * FROM counters ORDER BY name")

    with pytest.raises(TooManyCodes):
        await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    after = database.query("SELECT count(*) FROM challenges"), database.query("SELECT * FROM counters ORDER BY name")
    assert after == before


async def test_a_disabled_account_is_not_entered_by_code(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(accounts.set_disabled, customer.id, True, "head-office")
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    with pytest.raises(AccountDisabled):
        await enter(database, code_sent(database))


async def test_a_reset_for_nobody_writes_the_same_and_sends_nothing(database: OpenDatabase) -> None:
    await make_account(database, phone=None)
    for_asha = await database.write(codes.request_reset, ASHA_EMAIL, CALLER)
    for_nobody = await database.write(codes.request_reset, RAVI_EMAIL, CALLER)

    assert for_asha == for_nobody == 600
    challenges = [await database.read(codes.to_send, job.key) for job in database.jobs()]
    assert sorted(each.recipient for each in challenges if each is not None) == ["asha@demo.test"]
    assert await database.write(accounts.reset_password, RAVI_EMAIL, code_sent(database), "h", CALLER) is None


async def test_a_reset_sets_the_password_and_ends_every_session(database: OpenDatabase) -> None:
    registered = await register(database)
    await database.write(codes.request_reset, ASHA_EMAIL, CALLER)

    notices = await database.write(accounts.reset_password, ASHA_EMAIL, code_sent(database), "hash-2", CALLER)

    assert notices is not None
    assert [notice.session_id for notice in notices] == [registered.session_id]
    row = database.query("SELECT password_hash, email_verified_at, phone FROM customers")
    assert row == [("hash-2", database.clock.now(), None)]


async def test_who_resets_a_password_need_not_wait_for_failures_to_be_forgotten(database: OpenDatabase) -> None:
    await make_account(database)
    for _ in range(10):
        attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER)
        await database.write(sign_in.fail_login, attempt)
    await database.write(codes.request_reset, ASHA_EMAIL, CALLER)

    await database.write(accounts.reset_password, ASHA_EMAIL, code_sent(database), "hash-2", CALLER)

    assert (await sign_in_as(database)).customer.password_hash == "hash-2"


async def test_a_disabled_account_is_not_opened_by_a_reset(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(codes.request_reset, ASHA_EMAIL, CALLER)
    await database.write(accounts.set_disabled, customer.id, True, "head-office")

    with pytest.raises(AccountDisabled):
        await database.write(accounts.reset_password, ASHA_EMAIL, code_sent(database), "hash-2", CALLER)


async def test_an_unproved_identifier_resets_no_account_that_proved_another(database: OpenDatabase) -> None:
    signed_in = await register(database)
    await verify(database, signed_in, "email")
    await database.write(codes.request_reset, ASHA_PHONE, CALLER)

    assert await database.read(codes.to_send, database.jobs()[-1].key) is None
    assert await database.write(accounts.reset_password, ASHA_PHONE, code_sent(database), "h", CALLER) is None


async def test_a_verified_email_is_not_verified_again(database: OpenDatabase) -> None:
    signed_in = await register(database)
    await verify(database, signed_in, "email")

    with pytest.raises(NothingToVerify):
        await database.write(codes.request_verification, signed_in.customer.id, "email", CALLER)


async def test_a_message_is_not_sent_after_its_code_has_lapsed(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    (job,) = database.jobs()

    database.clock.advance(10 * MINUTE + SECOND)

    assert await database.read(codes.to_send, job.key) is None
    assert await database.read(codes.to_send, "no such challenge") is None


async def test_messages_speak_the_account_s_language(database: OpenDatabase) -> None:
    await make_account(database, language="hi")
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)

    challenge = await database.read(codes.to_send, database.jobs()[-1].key)

    assert challenge is not None
    assert challenge.language == "hi"


async def verify(database: OpenDatabase, signed_in: SignedIn, channel: Channel) -> None:
    await database.write(codes.request_verification, signed_in.customer.id, channel, CALLER)
    verified = await database.write(
        accounts.verify_identifier, signed_in.customer.id, channel, code_sent(database), CALLER
    )
    assert verified is not None
