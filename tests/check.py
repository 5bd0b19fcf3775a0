"""What `make test` runs: a short list of named steps, the same at home and in CI."""

import os
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent

WHOLE = ["chaos", "crashes", "engines", "fuzz", "processes", "scenarios", "simulation"]
"""Tests that bring up the whole platform. Nothing counts lines while they run: that would take a third more of their
time, and what parts of the platform do is shown by the tests of the parts."""
PYTEST = ["pytest", "-n", "3", "--dist", "load", "-q"]
"""One more worker than CI has cores: some tests wait for processes and clocks."""

STEPS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "imports": ["lint-imports", "--no-logo"],
    "tests of the parts": [*PYTEST, "--cov", "--cov-report=", *(f"--ignore=tests/{name}" for name in WHOLE)],
    "tests of the whole": [*PYTEST, *(f"tests/{name}" for name in WHOLE)],
    "coverage": ["coverage", "report", "--fail-under=90", "--skip-covered", "--show-missing", "--precision=1"],
    "coverage of outbox and inbox": [
        "coverage",
        "report",
        "--fail-under=98",
        "--precision=1",
        "--include=src/shikanji/kit/db/*,src/shikanji/kit/bus/__init__.py,src/shikanji/kit/bus/local.py",
    ],
}


def main() -> int:
    """Runs every step, also after one failed, and says at the end which did."""
    chosen = sys.argv[1:] or list(STEPS)
    failed = [name for name in chosen if not _passes(name)]
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed else 0


def _passes(name: str) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    program, *arguments = STEPS[name]
    done = subprocess.run(
        [BIN / program, *arguments], cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "default"}, check=False
    )
    print(f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
