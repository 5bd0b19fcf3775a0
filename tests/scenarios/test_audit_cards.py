"""Card numbers are looked for in many texts at once, and found wherever a close look at each text would find them."""

import random
from collections.abc import Sequence

import pytest

from shikanji.audit.cards import Column, card_numbers
from shikanji.audit.views import card_number

TEXTS_MAX = 6_000
CARDS = ("4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005")
NEAR = ("4111111111111112", "1764000000000000", "+919845012345", "019ac78b-8ec0-7024-b4ce-1d49600cc28b", "00", "9")
AROUND = (*' -._,:"{}[]()\\\na\u00e9', "on", '":', '":[', '","')


class Rows:
    """A cursor over what is already there."""

    def __init__(self, rows: Sequence[bytes]) -> None:
        self._rows = [(row,) for row in rows]

    def fetchmany(self, count: int) -> list[tuple[bytes]]:
        some, self._rows = self._rows[:count], self._rows[count:]
        return some


def found(rows: Sequence[bytes]) -> list[str]:
    columns = [Column("note", is_optional=False), Column("data", is_optional=True)]
    return sorted(shown for shown, _, _ in card_numbers(Rows(rows), "things", columns))


@pytest.mark.parametrize("beginning", ["", "{", '[{"'])
def test_whatever_a_close_look_finds_in_a_text_is_found_among_many(beginning: str) -> None:
    some = random.Random(26_11_23)
    parts = (*CARDS, *NEAR, *AROUND)
    texts = [beginning + "".join(some.choices(parts, k=some.randint(1, 7))) for _ in range(TEXTS_MAX)]
    ends = [end for end in map(card_number, texts) if end is not None]

    assert len(ends) > 20
    assert found([b"\x1f" + text.encode() for text in texts]) == sorted(f"things.data {end}" for end in ends)
    assert found([text.encode() + b"\x1f" for text in texts]) == sorted(f"things.note {end}" for end in ends)


def test_a_number_is_not_made_of_what_stands_in_two_columns_or_two_rows() -> None:
    halves = [b"41111111\x1f11111111", b"41111111\x1f11111111"]

    assert found(halves) == []
