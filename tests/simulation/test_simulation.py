"""200 days at the shop, each from its seed; and that such days would show what is wrong."""

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
import structlog

from shikanji.kit.bus import Receiver
from shikanji.kit.db.leadership import Leadership
from shikanji.kit.events import Envelope
from tests.simulation.bus import DisorderlyBus
from tests.simulation.machine import Machine
from tests.simulation.run import MakeMachine, run
from tests.simulation.sometimes import SOMETIMES
from tests.simulation.template import Template, make_template, work_folder
from tests.simulation.turns import Turns

SEEDS = 200
PARTS = 10
TWICE = 6
PLANTED_DAYS_MAX = 30
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with work_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def template(root: Path) -> Template:
    return make_template(root / "template")


@pytest.fixture(autouse=True, scope="module")
def _silent() -> Iterator[None]:
    """Refusals and broken connections are told by the thousand."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of this test run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "simulation"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("part", range(PARTS))
def test_every_day_ends_well_whatever_happens_and_everything_happens_some_day(
    part: int, template: Template, tmp_path: Path, shared: Path
) -> None:
    reached: Counter[str] = Counter()
    for seed in range(part, SEEDS, PARTS):
        reached.update(_right(seed, template))

    told = shared / f"{part}.part"
    told.write_text(json.dumps(reached))
    told.rename(told.with_suffix(".json"))
    parts = sorted(shared.glob("*.json"))
    if len(parts) == PARTS:
        # Whoever comes last has all of it before him.
        everything = sum((Counter(json.loads(file.read_text())) for file in parts), Counter())
        never = [what for what in SOMETIMES if not everything[what]]
        assert not never, f"never in {SEEDS} days: {never}"


def _right(seed: int, template: Template) -> Counter[str]:
    with work_folder() as folder:
        outcome = run(seed, template, folder)
    again = f"python -m tests.simulation --seed {seed} --verbose"
    assert not outcome.problems, "\n".join([*outcome.problems, f"to see it again: {again}"])
    return outcome.reached


def test_the_same_seed_is_the_same_day_also_in_another_process(template: Template) -> None:
    with work_folder() as folder:
        here = run(TWICE, template, folder)
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(TWICE)]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=False
    )

    assert told.stdout.strip() == f"seed {TWICE}: right, digest {here.digest}", told.stderr
    assert len(here.lines) > 100


class LosingBus(DisorderlyBus):
    """Answers for an event that it has lost."""

    def subscribe(
        self, service: str, types: Collection[str], receive: Receiver, leadership: Leadership | None = None
    ) -> None:
        async def lose_some(batch: Sequence[Envelope]) -> None:
            kept = [envelope for envelope in batch if envelope.type != "OrderCancelled" or service != "inventory"]
            if kept:
                await receive(kept)

        super().subscribe(service, types, lose_some, leadership)


class WithLosingBus(Machine):
    def make_bus(self, turns: Turns) -> DisorderlyBus:
        return LosingBus(turns, self.chance, self.temper.disorder, self.tell)


class WithForgetfulDisk(Machine):
    """What COMMIT said was stored is gone after a crash, as without waiting for the disk."""

    def crash(self) -> None:
        (self.life.folder / "order.db-wal").unlink()
        super().crash()


@pytest.mark.parametrize("machine", [WithLosingBus, WithForgetfulDisk])
def test_a_planted_fault_is_found_in_few_days(machine: MakeMachine, template: Template) -> None:
    for seed in range(PLANTED_DAYS_MAX):
        with work_folder() as folder:
            if run(seed, template, folder, machine=machine).problems:
                return
    pytest.fail(f"{PLANTED_DAYS_MAX} days without a word of it")
