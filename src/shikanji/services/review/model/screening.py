"""The first look at a review's text: what somebody should see before everybody does. It refuses nothing but card
numbers; what it finds makes a review wait."""

import hashlib
import re
import unicodedata
from typing import Literal

from shikanji.kit.errors import Invalid
from shikanji.services.review.model.words import ENGLISH, HINDI, HINGLISH

Finding = Literal["link", "contact", "language", "shouting", "repeated", "photo", "edited", "refused", "unread"]
STAYS: tuple[Finding, ...] = ("edited", "refused")
"""Found in what a review was before, so that no other words mend it: somebody has to look."""

FINGERPRINT_LETTERS_MIN = 16
"""Shorter praise is said by many."""
SHOUTED_LETTERS_MIN = 20

_LINK = re.compile(
    r"https?://|www\.|\b[a-z0-9-]{2,63}\.(?:com|in|net|org|io|co|shop|store|info|biz|me|ly|xyz|online|site|app|link)\b",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,64}\.[a-z]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?:\d[\s().+/-]{0,2}){10,}")
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_LOOKS_LIKE = str.maketrans("@013457$", "aoieasts")
_RUN = re.compile(r"(.)\1+")
_NUKTA = "\u093c"


def clean(text: str) -> str:
    """As it is kept: composed, without blanks at its ends. Raises Invalid for a card number: those are kept nowhere."""
    kept = unicodedata.normalize("NFC", text).strip()
    if any(_is_card(re.sub(r"\D", "", found[0])) for found in _CARD.finditer(_seen(kept))):
        raise Invalid.field("text", "must not hold a card number")
    return kept


def look_at(text: str) -> list[Finding]:
    """What is to be looked at, in a fixed order; nothing for a text that may be shown."""
    plain = _seen(unicodedata.normalize("NFKC", text))
    findings: list[Finding] = []
    if _LINK.search(plain):
        findings.append("link")
    if _MAIL.search(plain) or _PHONE.search(plain):
        findings.append("contact")
    if _has_bad_word(plain):
        findings.append("language")
    if _is_shouted(plain):
        findings.append("shouting")
    return findings


def fingerprint(text: str) -> str:
    """The same for texts that differ in signs, blanks and capitals only; empty for one that is too short to tell."""
    letters = "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())
    if len(letters) < FINGERPRINT_LETTERS_MIN:
        return ""
    return hashlib.blake2b(letters.encode(), digest_size=16).hexdigest()


def _seen(text: str) -> str:
    """Without signs that nobody sees, which only hide what the others say."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def _has_bad_word(plain: str) -> bool:
    folded = plain.casefold()
    if not _HINDI.isdisjoint(_words(folded.replace(_NUKTA, ""))):
        return True
    latin = _words(_RUN.sub(r"\1", folded.translate(_LOOKS_LIKE)))
    return not _LATIN.isdisjoint(latin) or not _LATIN.isdisjoint(_spelled_out(latin))


def _words(text: str) -> list[str]:
    kept = (sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " " for sign in text)
    return "".join(kept).split()


def _spelled_out(words: list[str]) -> list[str]:
    """`f u c k` is one word."""
    found, letters = [], ""
    for word in [*words, "  "]:
        if len(word) == 1:
            letters += word
        elif letters:
            found.append(_RUN.sub(r"\1", letters))
            letters = ""
    return found


def _is_shouted(plain: str) -> bool:
    capitals, small = sum(map(str.isupper, plain)), sum(map(str.islower, plain))
    return capitals >= SHOUTED_LETTERS_MIN and capitals > 4 * small


def _is_card(digits: str) -> bool:
    doubled = (2 * int(digit) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_LATIN = frozenset(_RUN.sub(r"\1", word) for word in (ENGLISH + HINGLISH).split())
_HINDI = frozenset(unicodedata.normalize("NFKC", HINDI).replace(_NUKTA, "").split())
