"""Emails, phones and names: what counts as one, and when two are the same."""

import ipaddress
import re
import unicodedata
from typing import Literal

import msgspec
import phonenumbers

from shikanji.kit.errors import Invalid

Channel = Literal["email", "phone"]

EMAIL_LENGTH_MAX = 254
LOCAL_PART_LENGTH_MAX = 64
HOME_REGION = "IN"

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REFUSED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


class Identifier(msgspec.Struct, frozen=True):
    """`value` is what a message is sent to; equal `key`s mean the same mailbox or number."""

    channel: Channel
    value: str
    key: str


def parse_email(text: str, field: str = "email") -> Identifier:
    """The domain is lower-cased and not looked up. Local parts keep their case but do not differ by it: no mail host of
    today tells `Asha@` from `asha@`. ASCII only, so that no look-alike letter folds into another's address."""
    local, _, domain = text.strip().rpartition("@")
    domain = domain.lower()
    if (
        not text.isascii()
        or not _is_local_part(local)
        or not _is_domain(domain)
        or len(local) + 1 + len(domain) > EMAIL_LENGTH_MAX
    ):
        raise Invalid.field(field, "must be an email address such as asha@example.in")
    value = f"{local}@{domain}"
    return Identifier("email", value, value.lower())


def parse_phone(text: str, field: str = "phone") -> Identifier:
    """E.164; a number without a country code is Indian."""
    refusal = Invalid.field(field, "must be a phone number such as +919876543210")
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise refusal from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise refusal
    value: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Identifier("phone", value, value)


def parse_identifier(text: str, field: str = "identifier") -> Identifier:
    if "@" in text:
        return parse_email(text, field)
    try:
        return parse_phone(text, field)
    except Invalid:
        raise Invalid.field(
            field, "must be an email address such as asha@example.in or a phone number such as +919876543210"
        ) from None


def parse_channel(channel: Channel, text: str) -> Identifier:
    return parse_email(text) if channel == "email" else parse_phone(text)


def clean_text(text: str, field: str) -> str:
    """Any writing of the world, without control characters or line breaks; composed (NFC) and trimmed, so that equal
    text is equal. Joiners (ZWJ, ZWNJ) stay: Devanagari needs them."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise Invalid.field(field, "must not be blank")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in text):
        raise Invalid.field(field, "must not contain control characters")
    return text


def folded(text: str) -> str:
    """For searching without regard to case."""
    return unicodedata.normalize("NFC", text).casefold()


def ip_prefix(ip: str) -> str:
    """Who counts as one caller: an IPv4 address, or the /64 that one IPv6 line has."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _is_local_part(text: str) -> bool:
    return len(text) <= LOCAL_PART_LENGTH_MAX and _LOCAL_PART.fullmatch(text) is not None


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(labels) >= 2 and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
