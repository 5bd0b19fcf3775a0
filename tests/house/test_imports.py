"""Who may import whom (the contracts in pyproject.toml), and that each contract can fail.

`make test` runs the contracts over the code itself in the step "imports"."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT

OFFENCES = {
    "kit/money.py": "import shikanji.contracts.order",
    "contracts/store.py": "import shikanji.gateway.settings",
    "gateway/settings.py": "import shikanji.sandbox.settings",
    "configuration.py": "import shikanji.main",
    "services/order/errors.py": "import shikanji.services.store.model.hours",
    "sandbox/model.py": "import shikanji.contracts.payment",
    "services/inventory/repository/holds.py": "import shikanji.services.inventory.actions",
    "services/customer/tables.py": "import shikanji.services.customer.model.account",
    "services/payment/model/dues.py": "import time",
    "services/order/model/pricing.py": "import sqlalchemy",
}
SAID = [
    "shikanji.kit.money -> shikanji.contracts.order",
    "shikanji.contracts.store -> shikanji.gateway.settings",
    "shikanji.gateway.settings -> shikanji.sandbox.settings",
    "shikanji.configuration -> shikanji.main",
    "shikanji.services.order.errors -> shikanji.services.store.model.hours",
    "shikanji.sandbox.model -> shikanji.contracts.payment",
    "shikanji.services.inventory.repository.holds -> shikanji.services.inventory.actions",
    "shikanji.services.customer.tables -> shikanji.services.customer.model.account",
    "shikanji.services.payment.model.dues -> time",
    "shikanji.services.order.model.pricing -> sqlalchemy",
]


def test_each_planted_import_breaks_a_contract(tmp_path: Path) -> None:
    plant(tmp_path)
    for name, line in OFFENCES.items():
        with (tmp_path / "shikanji" / name).open("a") as file:
            file.write(f"\n{line}\n")

    said = lint_imports(tmp_path)

    assert [line for line in SAID if line not in said] == []
    assert "Contracts: 0 kept, 5 broken." in said


def test_a_module_that_is_in_no_layer_breaks_the_plan(tmp_path: Path) -> None:
    plant(tmp_path)
    (tmp_path / "shikanji/services/order/helpers.py").touch()
    (tmp_path / "shikanji/utils.py").touch()

    said = lint_imports(tmp_path)

    assert "- shikanji.services.order.helpers" in said
    assert "- shikanji.utils" in said


def plant(folder: Path) -> None:
    """A copy of the code, to be broken."""
    shutil.copytree(ROOT / "src" / "shikanji", folder / "shikanji", ignore=shutil.ignore_patterns("__pycache__"))


def lint_imports(folder: Path) -> str:
    """What it says about the code in `folder`, on one line."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(done.stdout.split())
