"""Passwords, tokens, codes and sealed keys: what they are made of and what they give away."""

import pytest

from shikanji.kit import codes
from shikanji.services.customer import passwords, tokens
from shikanji.services.customer.errors import WeakPassword
from tests.services.customer.makers import entropy

KEY = b"k" * 32


def test_a_password_is_known_by_its_hash_only() -> None:
    stored = passwords.hash_password("shikanji-demo")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify_password("shikanji-demo", stored)
    assert not passwords.verify_password("shikanji-dem0", stored)


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    stored = passwords.hash_password("caf\u00e9-au-lait")

    assert passwords.verify_password("cafe\u0301-au-lait", stored)


def test_no_password_opens_an_account_without_one() -> None:
    assert not passwords.verify_password("", None)
    assert not passwords.verify_password("shikanji-demo", None)
    assert not passwords.verify_password("shikanji-demo", "not a hash")


def test_of_several_hashes_the_first_that_fits_counts() -> None:
    stored = passwords.hash_password("shikanji-demo")

    assert passwords.first_match("shikanji-demo", [None, stored]) == 1
    assert passwords.first_match("shikanji-demo", [stored, stored]) == 0
    assert passwords.first_match("another", [stored, None]) is None


@pytest.mark.parametrize("password", ["password", "PASSWORD1", "12345678", "aaaaaaaa", "abababab", "ｐａｓｓｗｏｒｄ"])
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.check_strength(password)


def test_a_password_must_not_be_what_everyone_knows() -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords.check_strength("Asha@Demo.test", "asha@demo.test", None, field="newPassword")
    assert refused.value.errors[0].field == "newPassword"


@pytest.mark.parametrize("password", ["shikanji-demo", "correct horse battery staple", "नींबू-पानी-१", "x7#Kq!2z"])
def test_other_passwords_are_taken(password: str) -> None:
    passwords.check_strength(password, "asha@demo.test", "Asha")


def test_a_refresh_token_carries_256_bits() -> None:
    token = tokens.refresh_token(entropy("a"))

    assert len(token) == 43
    assert token != tokens.refresh_token(entropy("b"))
    with pytest.raises(ValueError, match="32 random bytes"):
        tokens.refresh_token(b"short")


def test_a_successor_can_be_computed_again_but_only_with_the_key() -> None:
    token = tokens.refresh_token(entropy("a"))

    assert tokens.successor(KEY, token) == tokens.successor(KEY, token)
    assert tokens.successor(KEY, token) != tokens.successor(b"l" * 32, token)
    assert tokens.successor(KEY, token) != token


def test_a_code_has_six_digits_and_follows_from_the_challenge() -> None:
    made = {codes.code(KEY, f"challenge-{number}") for number in range(500)}

    assert all(len(code) == 6 and code.isdigit() for code in made)
    assert len(made) > 490
    assert codes.code(KEY, "challenge-1") == codes.code(KEY, "challenge-1")


def test_a_signing_key_opens_under_the_secret_that_sealed_it_and_no_other() -> None:
    key = tokens.new_signing_key("key-1")

    sealed = tokens.seal(KEY, key)

    assert key.seed not in sealed.sealed
    assert tokens.unseal(KEY, sealed) == key
    with pytest.raises(ValueError, match="another platform secret"):
        tokens.unseal(b"l" * 32, sealed)
    with pytest.raises(ValueError, match="another platform secret"):
        tokens.unseal(KEY, tokens.SealedKey("key-2", sealed.sealed))
