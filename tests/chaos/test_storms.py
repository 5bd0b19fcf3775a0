"""The short form of `make chaos`: every fault happens at least once, and nothing is lost or doubled."""

import random
from pathlib import Path

import pytest

from chaos.one_process import OneProcess
from chaos.report import complaints
from chaos.scaled import Scaled
from chaos.shape import Plan
from chaos.storm import rage


@pytest.mark.parametrize("shape", [OneProcess, Scaled])
async def test_what_was_acknowledged_outlives_every_fault_and_is_done_once(
    shape: type[OneProcess | Scaled], tmp_path: Path
) -> None:
    plan = Plan(
        seed=random.randrange(1 << 32),
        orders=120,
        kills=8,
        seconds_max=300,
        customers=24,
        # Without one, a payment whose answer got lost is known a minute later.
        webhooks=("once", "twice"),
    )

    outcome = await rage(shape(tmp_path, plan), plan, tmp_path)

    assert complaints(outcome) == {}, f"seed {plan.seed}"
