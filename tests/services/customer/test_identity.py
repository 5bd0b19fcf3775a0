"""What counts as an email, a phone, a name; and when two are the same."""

import pytest

from shikanji.kit.errors import Invalid
from shikanji.services.customer.identity import clean_text, ip_prefix, parse_email, parse_identifier, parse_phone


def test_emails_differ_by_neither_case() -> None:
    email = parse_email("  Asha.Jain@Example.TEST ")

    assert email.value == "Asha.Jain@example.test"
    assert email.key == "asha.jain@example.test"


@pytest.mark.parametrize(
    "text",
    [
        "asha",
        "@demo.test",
        "asha@",
        "asha@localhost",
        "a b@demo.test",
        "asha@demo..test",
        "asha@-demo.test",
        ".asha@demo.test",
        "as..ha@demo.test",
        "asha@demo.test\r\nBcc: all@demo.test",
        "аsha@demo.test",  # a Cyrillic letter that looks like an a
        "asha@dem\u212a.test",  # the Kelvin sign folds into a k
        "x" * 65 + "@demo.test",
        "asha@" + "d" * 250 + ".test",
    ],
)
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_email(text)
    assert refused.value.errors[0].field == "email"


@pytest.mark.parametrize("text", ["+919876543210", "98765 43210", "098765-43210", "+91 (98765) 43210", "919876543210"])
def test_one_indian_number_has_many_spellings(text: str) -> None:
    assert parse_phone(text).value == "+919876543210"


def test_numbers_of_other_countries_are_kept_as_they_are() -> None:
    assert parse_phone("+1 202-456-1414").value == "+12024561414"


@pytest.mark.parametrize("text", ["12345", "+91 00000 00000", "+999123456789", "98765 43210 ext. 5", "phone", "+", ""])
def test_what_is_no_phone_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_phone(text)


def test_an_identifier_is_an_email_or_a_phone() -> None:
    assert parse_identifier("asha@demo.test").channel == "email"
    assert parse_identifier("9876543210").channel == "phone"


@pytest.mark.parametrize("name", ["आशा जैन", "ক্ষ\u200dণ", "José", "محمد", "🙂", "O'Brien; DROP TABLE"])
def test_names_are_written_in_every_script(name: str) -> None:
    assert clean_text(name, "name") == name


def test_names_are_composed_and_trimmed() -> None:
    assert clean_text("  Jose\u0301 ", "name") == "José"


@pytest.mark.parametrize("name", ["", "   ", "\u3000", "a\nb", "a\u0000b", "a\u2028b", "a\x9fb"])
def test_a_name_has_letters_and_no_control_characters(name: str) -> None:
    with pytest.raises(Invalid):
        clean_text(name, "name")


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("nonsense", "unknown"),
    ],
)
def test_an_ipv6_line_counts_as_one_caller(ip: str, prefix: str) -> None:
    assert ip_prefix(ip) == prefix
