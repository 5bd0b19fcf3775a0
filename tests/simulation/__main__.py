"""`python -m tests.simulation --seed 1234 --verbose` shows one run step by step; `--minutes 5` looks for new ones that
fail."""

import argparse
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from shikanji.kit.telemetry import logs
from tests.simulation.run import Outcome, run
from tests.simulation.template import Template, make_template, work_folder

SEEDS = 10**9
TOLD_SECONDS = 5.0


def main() -> int:
    """0 when every run was right."""
    asked = _arguments()
    logs.configure(production=True, level="warning" if asked.verbose else "critical", stream=sys.stdout)
    with work_folder() as root:
        template = make_template(root / "template")
        if asked.seed is not None:
            return _show(run(asked.seed, template, root / "run"), verbose=asked.verbose)
        return _search(template, root, asked.minutes, random.randrange(SEEDS) if asked.first is None else asked.first)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seed", type=int, help="replays this run")
    what.add_argument("--minutes", type=float, help="runs new seeds for so long")
    parser.add_argument("--first", type=int, help="with --minutes: the seed to begin with (else any)")
    parser.add_argument("--verbose", action="store_true", help="with --seed: every step")
    return parser.parse_args()


def _show(outcome: Outcome, *, verbose: bool) -> int:
    if verbose:
        print("\n".join(outcome.lines))
    for problem in outcome.problems:
        print(f"WRONG: {problem}")
    print(f"seed {outcome.seed}: {'wrong' if outcome.problems else 'right'}, digest {outcome.digest}")
    return 1 if outcome.problems else 0


def _search(template: Template, root: Path, minutes: float, first: int) -> int:
    began = told = time.monotonic()
    runs, found, seed = 0, 0, first
    reached: Counter[str] = Counter()
    while (now := time.monotonic()) < began + minutes * 60:
        folder = root / f"run-{runs}"
        outcome = run(seed, template, folder)
        shutil.rmtree(folder)
        runs, seed = runs + 1, seed + 1
        reached.update(outcome.reached)
        if outcome.problems:
            found += 1
            print(f"\r{outcome.problems[0]}\n    python -m tests.simulation --seed {outcome.seed} --verbose")
        if now > told + TOLD_SECONDS:
            told = now
            each_minute = runs / (now - began) * 60
            print(f"\r{runs} runs, {each_minute:.0f} a minute, {reached['crash']} crashes, {found} wrong ", end="")
            sys.stdout.flush()
    print(f"\r{runs} runs from seed {first}, {reached['crash']} crashes, {found} wrong          ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
