import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.kit.clock import DAY, SECOND, ManualClock, from_rfc3339, to_rfc3339
from shikanji.kit.ids import Chance, Ids, first_id, is_uuid, made_at

NOON = from_rfc3339("2026-11-22T06:30:00Z")


def test_ids_made_in_one_millisecond_sort_in_the_order_of_their_making() -> None:
    ids = Ids(ManualClock(NOON))

    made = [ids.new() for _ in range(1_000)]

    assert made == sorted(made)
    assert len(set(made)) == 1_000


def test_ids_keep_their_order_when_the_clock_steps_back() -> None:
    clock = ManualClock(NOON)
    ids = Ids(clock)

    before = ids.new()
    clock.advance(-DAY)

    assert ids.new() > before


def test_an_id_is_a_uuid_of_version_seven() -> None:
    made = Ids(ManualClock(NOON)).new()

    assert is_uuid(made)
    assert made[14] == "7"
    assert made[19] in "89ab"


def test_an_id_says_when_it_was_made() -> None:
    clock = ManualClock(NOON)
    ids = Ids(clock)
    made = ids.new()
    clock.advance(SECOND)

    assert made_at(made) == NOON
    assert first_id(NOON) <= made < first_id(NOON + SECOND) <= ids.new()
    assert is_uuid(first_id(NOON))


def test_random_bytes_are_drawn_together_and_given_once() -> None:
    asked = list[int]()

    def counting(size: int) -> bytes:
        asked.append(size)
        return bytes(each % 251 for each in range(size))

    chance = Chance(counting)
    given = b"".join(chance.bytes(10) for _ in range(409))

    assert asked == [4_096]
    assert given == bytes(each % 251 for each in range(4_090))
    assert (len(chance.bytes(10)), len(chance.bytes(5_000)), asked) == (10, 5_000, [4_096, 4_096, 5_000])


def test_a_fork_draws_bytes_of_its_own() -> None:
    here = iter([7, 7, 8])
    drawn = iter([b"a" * 4_096, b"b" * 4_096])
    chance = Chance(lambda _: next(drawn), lambda: next(here))

    assert [chance.bytes(2) for _ in range(3)] == [b"aa", b"aa", b"bb"]


@pytest.mark.parametrize("text", ["", "x" * 36, "01A20334-a285-745b-9f58-233f90c785bd", "../../../etc/passwd"])
def test_what_is_no_canonical_uuid_is_refused(text: str) -> None:
    assert not is_uuid(text)


@given(st.integers(min_value=0, max_value=4_000_000_000 * SECOND))
def test_a_time_survives_its_text_to_the_microsecond(at: int) -> None:
    assert from_rfc3339(to_rfc3339(at)) == at


@given(st.integers(0, 2**52), st.integers(0, 2**52))
def test_text_order_is_time_order(one: int, other: int) -> None:
    assert (to_rfc3339(one) < to_rfc3339(other)) == (one < other)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_rfc3339("2026-11-22T06:30:00")
