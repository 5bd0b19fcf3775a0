"""What `make test` runs: a short list of named steps, the same at home and in CI."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent

WHOLE = [
    *("bench", "chaos", "crashes", "engines", "fuzz", "house", "processes", "scenarios", "simulation"),
    "test_cli.py",
]
"""Tests that bring up the whole platform, or look at all of its source. Nothing counts lines while they run: that would
take a third more of their time, and what parts of the platform do is shown by the tests of the parts."""
PYTEST = ["pytest", "--dist", "load", "-q"]
"""With more workers than CI has cores: some tests wait for processes and clocks, those of the whole longest."""

STEPS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "imports": ["lint-imports", "--no-logo"],
    "tests of the parts": [*PYTEST, "-n", "3", "--cov", "--cov-report=", *(f"--ignore=tests/{name}" for name in WHOLE)],
    "tests of the whole": [*PYTEST, "-n", "4", *(f"tests/{name}" for name in WHOLE)],
    "coverage": ["coverage", "report", "--fail-under=90", "--skip-covered", "--show-missing", "--precision=1"],
    "coverage of outbox and inbox": [
        "coverage",
        "report",
        "--fail-under=98",
        "--precision=1",
        "--include=src/shikanji/kit/db/*,src/shikanji/kit/bus/__init__.py,src/shikanji/kit/bus/local.py",
    ],
}


BESIDE = {"types"}
"""What one core does beside the tests; its words come when it is through."""


def main() -> int:
    """Runs every step, also after one failed, and says at the end which did."""
    chosen = sys.argv[1:] or list(STEPS)
    with ThreadPoolExecutor() as threads:
        beside = {name: threads.submit(_passes, name, stdout=subprocess.PIPE) for name in chosen if name in BESIDE}
        failed = [name for name in chosen if name not in beside and not _passes(name)]
        failed += [name for name, passes in beside.items() if not passes.result()]
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed else 0


def _passes(name: str, *, stdout: int | None = None) -> bool:
    """`stdout`: as `subprocess` takes it; what is caught is told at the end."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    program, *arguments = STEPS[name]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    done = subprocess.run([BIN / program, *arguments], cwd=ROOT, env=environment, stdout=stdout, text=True, check=False)
    ended = "ok" if done.returncode == 0 else "FAILED"
    print(f"{done.stdout or ''}== {name}: {ended} in {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
