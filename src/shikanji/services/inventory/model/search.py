"""Finding a product by what one types: every word must begin some word of the product; better places rank first."""

from collections.abc import Iterable
from typing import NamedTuple

from shikanji.services.inventory.model.folding import sound, tokens


class Terms(NamedTuple):
    """A product's words by how much they say about it, each as `folding.sound` has it."""

    names: tuple[str, ...]
    tags: tuple[str, ...]
    ingredients: tuple[str, ...]


_WEIGHTS = (12, 5, 2)
_WHOLE_WORD = 4
_FIRST_WORD = 3


def terms(names: Iterable[str], tags: Iterable[str], ingredients: Iterable[str]) -> Terms:
    return Terms(_sounds(names), _sounds(tags), _sounds(ingredients))


def query_of(text: str) -> tuple[str, ...]:
    return _sounds((text,))


def score(product_terms: Terms, query: tuple[str, ...]) -> int:
    """How well the product answers the query; 0: not at all."""
    total = 0
    for word in query:
        best = max(_place(words, word, weight) for words, weight in zip(product_terms, _WEIGHTS, strict=True))
        if not best:
            return 0
        total += best
    first = product_terms.names[:1]
    return total + (_FIRST_WORD if first and first[0].startswith(query[0]) else 0)


def _place(words: tuple[str, ...], word: str, weight: int) -> int:
    if word in words:
        return weight + _WHOLE_WORD
    return weight if any(known.startswith(word) for known in words) else 0


def _sounds(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sound(token) for text in texts for token in tokens(text))
