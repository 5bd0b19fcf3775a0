"""The rules of an account, without a database."""

from datetime import date

import pytest

from shikanji.contracts.customer import AccessChanged, CustomerVerified, ProfileUpdated
from shikanji.kit.errors import Invalid
from shikanji.services.customer.errors import NothingToVerify
from shikanji.services.customer.identity import parse_email, parse_phone
from shikanji.services.customer.model.account import ProfileChanges
from tests.kit.databases import NOON
from tests.services.customer.makers import ASHA_EMAIL, ASHA_PHONE, RAVI_EMAIL, make_customer


def test_a_new_account_has_proved_nothing() -> None:
    customer = make_customer()

    assert not customer.proved
    assert customer.to_verify("email") == ASHA_EMAIL
    assert customer.to_verify("phone") == ASHA_PHONE


def test_proving_an_email_is_told_once() -> None:
    customer = make_customer()

    assert customer.verify(ASHA_EMAIL, NOON) == CustomerVerified(customer_id="customer-1", channel="email")
    assert customer.verify(ASHA_EMAIL, NOON + 1) is None
    assert customer.email is not None
    assert customer.email.verified_at == NOON


def test_nobody_proves_what_the_account_does_not_have() -> None:
    customer = make_customer(phone=None)

    with pytest.raises(NothingToVerify):
        customer.to_verify("phone")
    with pytest.raises(NothingToVerify):
        customer.verify(ASHA_PHONE, NOON)
    with pytest.raises(NothingToVerify):
        customer.verify(RAVI_EMAIL, NOON)


def test_what_is_verified_needs_no_code() -> None:
    customer = make_customer()
    customer.verify(ASHA_EMAIL, NOON)

    with pytest.raises(NothingToVerify):
        customer.to_verify("email")


def test_a_profile_change_names_what_changed() -> None:
    customer = make_customer()

    updated = customer.update(
        ProfileChanges(name=" Asha M. Jain ", date_of_birth=date(1990, 5, 1), language="en"), NOON
    )

    assert updated == ProfileUpdated(customer_id="customer-1", changed=["name", "dateOfBirth"])
    assert (customer.name, customer.version) == ("Asha M. Jain", 2)


def test_a_change_of_nothing_is_no_change() -> None:
    customer = make_customer()

    assert customer.update(ProfileChanges(name="Asha Jain", email=ASHA_EMAIL), NOON) is None
    assert customer.version == 1


def test_a_new_email_is_unverified() -> None:
    customer = make_customer()
    customer.verify(ASHA_EMAIL, NOON)

    customer.update(ProfileChanges(email=RAVI_EMAIL), NOON)

    assert customer.to_verify("email") == RAVI_EMAIL


def test_the_same_mailbox_spelt_otherwise_stays_verified() -> None:
    customer = make_customer()
    customer.verify(ASHA_EMAIL, NOON)

    customer.update(ProfileChanges(email=parse_email("Asha@demo.test")), NOON)

    assert customer.email is not None
    assert (customer.email.identifier.value, customer.email.verified_at) == ("Asha@demo.test", NOON)


def test_an_account_keeps_an_email_or_a_phone() -> None:
    customer = make_customer()
    customer.update(ProfileChanges(phone=None), NOON)

    with pytest.raises(Invalid):
        customer.update(ProfileChanges(email=None), NOON)


@pytest.mark.parametrize("born", [date(2026, 11, 22), date(2030, 1, 1), date(1899, 12, 31)])
def test_a_birthday_is_in_the_past(born: date) -> None:
    with pytest.raises(Invalid) as refused:
        make_customer().update(ProfileChanges(date_of_birth=born), NOON)
    assert refused.value.errors[0].field == "dateOfBirth"


def test_once_somebody_has_proved_it_every_way_into_an_account_is_delicate() -> None:
    customer = make_customer()
    assert not customer.changes_ways_in(ProfileChanges(email=RAVI_EMAIL))
    customer.verify(ASHA_EMAIL, NOON)

    assert customer.changes_ways_in(ProfileChanges(email=RAVI_EMAIL))
    assert customer.changes_ways_in(ProfileChanges(email=None))
    assert customer.changes_ways_in(ProfileChanges(phone=parse_phone("+919812345678")))
    assert not customer.changes_ways_in(ProfileChanges(email=parse_email("ASHA@demo.test"), name="A"))


def test_each_change_of_access_makes_older_tokens_worthless() -> None:
    customer = make_customer()

    assert customer.disable(NOON) == AccessChanged(customer_id="customer-1", minimum_version=2, disabled=True)
    assert customer.disable(NOON) is None
    assert customer.enable(NOON) == AccessChanged(customer_id="customer-1", minimum_version=3, disabled=False)
    assert customer.enable(NOON) is None
    assert customer.set_admin(True, NOON) == AccessChanged(customer_id="customer-1", minimum_version=4, disabled=False)
    assert customer.set_admin(True, NOON) is None


def test_whoever_recovers_an_account_that_nobody_proved_gets_none_of_its_other_identifiers() -> None:
    """Else one could set up an account with somebody else's email and one's own phone, and wait."""
    customer = make_customer()

    told = customer.recover(ASHA_EMAIL, "hash-2", NOON)

    assert told == [
        CustomerVerified(customer_id="customer-1", channel="email"),
        ProfileUpdated(customer_id="customer-1", changed=["phone"]),
    ]
    assert customer.password_hash == "hash-2"
    assert customer.phone is None
    assert customer.proved


def test_recovering_a_proved_account_leaves_the_rest_as_it_is() -> None:
    customer = make_customer()
    customer.verify(ASHA_EMAIL, NOON)

    assert customer.recover(ASHA_EMAIL, "hash-2", NOON) == []

    assert customer.phone is not None


def test_a_proved_account_is_recovered_by_what_it_proved_only() -> None:
    customer = make_customer()
    assert customer.recoverable_by(ASHA_EMAIL)
    assert customer.recoverable_by(ASHA_PHONE)

    customer.verify(ASHA_PHONE, NOON)

    assert not customer.recoverable_by(ASHA_EMAIL)
    assert customer.recoverable_by(ASHA_PHONE)
    assert not customer.recoverable_by(RAVI_EMAIL)
