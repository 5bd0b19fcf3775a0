"""What other services are answered when they ask."""

import pytest

from shikanji.contracts.customer import (
    AskAccounts,
    AskOrderingCustomer,
    AskRevocations,
    AskSessionStanding,
    AskSigningKeys,
    FindVerifiedAccount,
)
from shikanji.kit.errors import Problem
from tests.harness import Shop

NOBODY = "0199d2a0-0000-7000-8000-00000000000f"


async def test_each_question_has_its_answer(shop: Shop) -> None:
    demo = await shop.customer()
    (session,) = (await demo.get("/api/v1/auth/sessions")).data
    ask = shop.platform.rooms["order"].calls.ask

    ordering = await ask(AskOrderingCustomer(customer_id=demo.id))
    verified = await ask(FindVerifiedAccount(identifier="Customer@Demo.test"))
    several = await ask(AskAccounts(account_ids=[demo.id, NOBODY]))
    keys = await ask(AskSigningKeys())
    standing = await ask(AskSessionStanding(account_id=demo.id, session_id=session["id"], version=1))

    assert (ordering.customer_id, ordering.email, ordering.address) == (demo.id, "customer@demo.test", None)
    assert verified.account_id == demo.id
    assert [account.account_id for account in several.accounts] == [demo.id]
    assert len(keys.keys) == 1
    assert standing.good


async def test_what_was_ended_is_among_the_revocations(shop: Shop) -> None:
    demo = await shop.customer()
    (session,) = (await demo.get("/api/v1/auth/sessions")).data
    await demo.post("/api/v1/auth/logout")

    revocations = await shop.platform.rooms["order"].calls.ask(AskRevocations())

    assert session["id"] in revocations.sessions


async def test_refusals_are_known_by_their_type(shop: Shop) -> None:
    ask = shop.platform.rooms["order"].calls.ask
    demo = await shop.customer()
    questions = [
        (AskOrderingCustomer(customer_id=NOBODY), "customer-not-found", 404),
        (AskOrderingCustomer(customer_id=demo.id, address_id=NOBODY), "address-not-found", 404),
        (FindVerifiedAccount(identifier="nobody@demo.test"), "account-not-verified", 422),
        (FindVerifiedAccount(identifier="neither email nor phone"), "account-not-verified", 422),
        (AskAccounts(account_ids=[NOBODY] * 201), "invalid", 422),
    ]

    for question, kind, status in questions:
        with pytest.raises(Problem) as refused:
            await ask(question)  # type: ignore[arg-type]
        assert (refused.value.type, refused.value.status) == (kind, status)
