"""Text made comparable: case, accents and the many spellings of Hindi words in Latin letters folded away."""

import re
import unicodedata
from functools import lru_cache

_NUKTA = "़"
_JOINERS = "\u200c\u200d"
_SPELLINGS = (("ee", "i"), ("oo", "u"), ("ph", "f"), ("chh", "ch"), ("w", "v"), ("z", "j"), ("sh", "s"))
_DOUBLES = re.compile(r"(?<!^)(.)\1+|^([aeiou])\2+")
"""At its beginning a word has doubled vowels only: `aaloo`."""
_SHORT = 2
"""A longer word of which the folding leaves one letter (`aaaa`) is no spelling of anything."""


def tokens(text: str) -> list[str]:
    """The words of a text, lower case, Latin letters without accents; Devanagari keeps its vowel signs."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(_kept(character) for character in spread)
    return kept.split()


def words(text: str) -> list[str]:
    """`tokens` in the singular: `Green chillies` and `green chilli` are the same words."""
    return [singular(token) for token in tokens(text)]


@lru_cache(maxsize=8192)
def sound(token: str) -> str:
    """How a Latin word sounds, roughly: `neembu`, `nimboo` and `nimbu` are one. Other scripts stay as they are."""
    if not token.isascii():
        return token
    folded = token
    for spelling, sounded in _SPELLINGS:
        folded = folded.replace(spelling, sounded)
    folded = _DOUBLES.sub(r"\1\2", folded)
    return token if len(folded) == 1 and len(token) > _SHORT else folded


def singular(word: str) -> str:
    """Good for comparing, not for reading: `leaves` → `leaf`; `chilli`, `chilly` and `chillies` → `chilli`."""
    if word.endswith("leaves"):
        return word[:-3] + "f"
    if word.endswith(("oes", "ches", "shes", "sses", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    if word.endswith("ie") and len(word) > 3:
        return word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _kept(character: str) -> str:
    if "\u0300" <= character <= "\u036f" or character == _NUKTA or character in _JOINERS:
        return ""
    if character.isalnum() or unicodedata.category(character).startswith("M"):
        return character
    return " "
