"""What the customer service answers when other services ask."""

from datetime import date

from shikanji.contracts.customer import (
    AccountNames,
    AskAccounts,
    AskBirthdays,
    AskChallenge,
    AskContacts,
    AskOrderingCustomer,
    AskRevocations,
    AskSessionStanding,
    AskSigningKeys,
    Birthdays,
    ChallengeFound,
    ContactsFound,
    FindVerifiedAccount,
    OrderingCustomer,
    Revocations,
    SessionStanding,
    SigningKeys,
    VerifiedAccount,
)
from shikanji.kit.calls import Answers
from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.services.customer import signing
from shikanji.services.customer.actions import codes, directory, sessions
from shikanji.services.customer.errors import AccountNotVerified
from shikanji.services.customer.identity import parse_identifier

ACCOUNTS_ASKED_MAX = 200
CONTACTS_ASKED_MAX = 100
BIRTHDAYS_MAX = 500

answers = Answers()


@answers.to(AskOrderingCustomer)
async def ordering_customer(room: Room, call: AskOrderingCustomer) -> OrderingCustomer:
    return await room.db.read(directory.ordering_customer, call.customer_id, call.address_id)


@answers.to(FindVerifiedAccount)
async def verified_account(room: Room, call: FindVerifiedAccount) -> VerifiedAccount:
    try:
        identifier = parse_identifier(call.identifier)
    except Invalid:
        raise AccountNotVerified from None
    return await room.db.read(directory.find_verified, identifier)


@answers.to(AskAccounts)
async def accounts(room: Room, call: AskAccounts) -> AccountNames:
    if len(call.account_ids) > ACCOUNTS_ASKED_MAX:
        raise Invalid(f"at most {ACCOUNTS_ASKED_MAX} accounts at once")
    return AccountNames(accounts=await room.db.read(directory.find_accounts, call.account_ids))


@answers.to(AskContacts)
async def contacts(room: Room, call: AskContacts) -> ContactsFound:
    if len(call.account_ids) > CONTACTS_ASKED_MAX:
        raise Invalid(f"at most {CONTACTS_ASKED_MAX} accounts at once")
    return ContactsFound(contacts=await room.db.read(directory.contacts, call.account_ids))


@answers.to(AskChallenge)
async def challenge(room: Room, call: AskChallenge) -> ChallengeFound:
    return ChallengeFound(challenge=await room.db.read(codes.to_send, call.challenge_id))


@answers.to(AskBirthdays)
async def birthdays(room: Room, call: AskBirthdays) -> Birthdays:
    day = date.fromisoformat(call.day)
    return Birthdays(account_ids=await room.db.read(directory.birthdays, day, call.after, BIRTHDAYS_MAX))


@answers.to(AskSigningKeys)
async def signing_keys(room: Room, call: AskSigningKeys) -> SigningKeys:
    return SigningKeys(keys=await signing.accepted_keys(room))


@answers.to(AskRevocations)
async def revocations(room: Room, call: AskRevocations) -> Revocations:
    return await room.db.read(sessions.revocations)


@answers.to(AskSessionStanding)
async def session_standing(room: Room, call: AskSessionStanding) -> SessionStanding:
    return SessionStanding(good=await room.db.read(sessions.is_good, call.account_id, call.session_id, call.version))
