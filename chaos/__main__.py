"""`make chaos`: the platform in both shapes, broken in every way that we know, and what became of its orders.

Loopback only; bounded in time and in count; it kills nothing but what it has started. Exit code 0: nothing lost,
nothing doubled, every fault happened."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chaos import report
from chaos.one_process import OneProcess
from chaos.power_cuts import cut_power
from chaos.scaled import Scaled
from chaos.shape import Plan, Shape
from chaos.storm import rage
from shikanji.kit.telemetry import logs

SHAPES: dict[str, Callable[[Path, Plan], Shape]] = {"one": OneProcess, "scaled": Scaled}
ARMS = (*SHAPES, "cuts")


async def main(arms: list[str], plan: Plan, cuts: int) -> bool:
    """Whether all is well."""
    outcomes, power = [], None
    try:
        with tempfile.TemporaryDirectory(prefix="shikanji-chaos-") as name:
            folder = Path(name)
            for arm, shape in SHAPES.items():
                if arm in arms:
                    (folder / arm).mkdir()
                    outcomes.append(await rage(shape(folder / arm, plan), plan, folder / arm, partial(_tell, arm)))
            if "cuts" in arms:
                power = await cut_power(folder / "cuts", cuts=cuts, seed=plan.seed)
    finally:
        # What has been found is told, even where the next arm could not begin.
        report.show(outcomes, power, plan.seed)
    well = power is None or not (power.damaged or power.lost or power.wrong)
    return well and all(outcome.passed for outcome in outcomes)


def _tell(arm: str, what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {arm}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("arms", nargs="*", metavar="arm", help=f"some of {', '.join(ARMS)}; all without")
    parser.add_argument("--orders", type=int, default=10_000, help="acknowledged orders in each shape")
    parser.add_argument("--kills", type=int, default=200, help="kills in each shape")
    parser.add_argument("--cuts", type=int, default=1_000, help="simulated power cuts")
    parser.add_argument("--seconds", type=float, default=1_500, help="how long a shape is broken at most")
    parser.add_argument("--customers", type=int, default=60, help="who order at the same time")
    parser.add_argument("--events", type=int, default=100_000, help="in the outboxes when the bus loses its store")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="printed with the table")
    given = parser.parse_args()
    if unknown := set(given.arms) - set(ARMS):
        parser.error(f"there is no arm {', '.join(sorted(unknown))}")
    logs.configure(production=False, level="error")
    wanted = Plan(
        given.seed,
        given.orders,
        given.kills,
        given.seconds,
        customers=given.customers,
        held_open_seconds=30,
        events_at_refill=given.events,
        until_holds_lapse=True,
    )
    print(f"seed {wanted.seed}", file=sys.stderr, flush=True)
    sys.exit(0 if asyncio.run(main(given.arms or list(ARMS), wanted, given.cuts)) else 1)
