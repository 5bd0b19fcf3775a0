"""The one place that decides what never reaches a log: secrets, contact data, card-like numbers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

REDACTED = "[redacted]"
DEPTH_MAX = 8

_BLANKED = (
    "authorization|cookie|set-cookie|password|passwd|pwd|passphrase|secret|token|jwt|api[_-]?key|private[_-]?key"
    "|credential|signature|session[_-]?key"
)
_SECRET_NAME = re.compile(rf"(?i)(?:{_BLANKED}|otp|(?:^|_)pin$|e[_-]?mail|phone|mobile|(?:^|_)card|cvv|upi|vpa)")
"""A field so named is blanked whatever it holds; `code` is not among them: it is also a status code."""

_ASSIGNED = re.compile(rf"(?i)((?:{_BLANKED})\w*[\"']?\s*[=:]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;&}}]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_URL_PASSWORD = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+@")
_CODE = re.compile(r"(?i)\b(code|otp|pin)\b(\W{1,4}|\W{1,4}(?:is|was)\W{1,3})\d{4,8}\b")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.+-])(?:\+\d[\d ()-]{7,16}\d|(?:91|0)?[6-9]\d{9})(?![\w-])")
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")


def redact(text: str) -> str:
    """`text` without what must not be kept. Errs towards blanking too much."""
    text = _URL_PASSWORD.sub(rf"\1{REDACTED}@", text)
    text = _ASSIGNED.sub(rf"\1{REDACTED}", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    text = _JWT.sub(REDACTED, text)
    text = _CODE.sub(rf"\1\2{REDACTED}", text)
    text = _EMAIL.sub(REDACTED, text)
    text = _DIGITS.sub(_card, text)
    return _PHONE.sub(REDACTED, text)


def redact_fields(fields: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The same for structured data: blanks by field name, then by what the values look like."""
    return {
        name: REDACTED if value and _SECRET_NAME.search(name) else _redact_value(value, depth)
        for name, value in fields.items()
    }


def _redact_value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if depth >= DEPTH_MAX:
        return REDACTED
    if isinstance(value, Mapping):
        return redact_fields({str(name): inner for name, inner in value.items()}, depth + 1)
    if isinstance(value, Sequence | set | frozenset):
        return [_redact_value(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _card(match: re.Match[str]) -> str:
    """Only what passes Luhn's check is card-like: ids and times of many digits stay readable."""
    digits = [int(character) for character in match[0] if character.isdigit()]
    doubled = [digit if index % 2 else sum(divmod(digit * 2, 10)) for index, digit in enumerate(digits[-2::-1], 2)]
    return REDACTED if (sum(doubled) + digits[-1]) % 10 == 0 else match[0]
