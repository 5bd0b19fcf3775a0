"""What the platform acknowledged is there after the power was cut, and only because it waits for the disk."""

import random
from pathlib import Path

import pytest

from chaos.disk import Delete, Disk, File, Truncate, Write
from chaos.power_cuts import cut_power

CUTS = 60


async def test_no_acknowledged_order_is_lost_by_a_power_cut(tmp_path: Path) -> None:
    outcome = await cut_power(tmp_path, cuts=CUTS, seed=random.randrange(1 << 32), revive_every=30)

    assert (outcome.damaged, outcome.lost, outcome.wrong) == ([], [], [])
    assert (outcome.cuts, outcome.revived) == (CUTS, 2)
    assert outcome.orders > 10


async def test_a_commit_that_does_not_wait_for_the_disk_loses_orders(tmp_path: Path) -> None:
    """The same run at synchronous=NORMAL: it proves that these cuts take away what was not synced."""
    outcome = await cut_power(tmp_path, cuts=10, seed=1, synchronous="NORMAL", revive_every=CUTS)

    assert outcome.damaged == []
    assert len(outcome.lost) > 0


def survivals(file: File, times: int = 500) -> set[bytes | None]:
    chance = random.Random(7)
    return {file.after_cut(chance) for _ in range(times)}


def test_what_was_synced_survives_and_what_was_not_may_not() -> None:
    file = File(bytearray(b"old"), [Write(0, b"new")])
    assert survivals(file) == {b"old", b"new"}

    file.sync()

    assert survivals(file) == {b"new"}


def test_unsynced_writes_survive_in_any_order_and_torn_at_sectors() -> None:
    file = File(bytearray(1_024), [Write(0, b"a" * 512), Write(256, b"b" * 768)])

    found = survivals(file)

    assert bytes(256) + b"b" * 768 in found
    assert b"a" * 512 + bytes(512) in found
    assert bytes(256) + b"b" * 256 + bytes(512) in found


@pytest.mark.parametrize("size", [1, 5])
def test_a_truncation_may_be_lost(size: int) -> None:
    assert survivals(File(bytearray(b"abc"), [Truncate(size)])) == {b"abc", b"abc\0\0"[:size]}


def test_a_deleted_file_may_be_back_as_it_was_and_never_mixed_with_its_successor() -> None:
    file = File(bytearray(b"old"), [Delete(), Write(0, b"n")])

    assert survivals(file) == {b"old", None, b"n"}


def test_a_new_log_makes_the_deletion_of_the_old_one_certain(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    (tmp_path / "a.db-journal").write_bytes(b"hot")
    journal = disk.open(tmp_path / "a.db-journal", existed=True)
    disk.delete(tmp_path / "a.db-journal", durably=False)
    log = disk.open(tmp_path / "a.db-wal", existed=False)
    disk.tell(log, Write(0, b"frames"))
    assert b"hot" in survivals(journal)

    disk.sync(log)

    assert survivals(journal) == {None}
    assert survivals(log) == {b"frames"}
