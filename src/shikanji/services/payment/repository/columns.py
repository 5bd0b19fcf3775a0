"""Rows and statements name their columns alike."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.services.payment.model.dues import Dues
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund


def binds(table: sa.Table) -> dict[str, sa.BindParameter[Any]]:
    return {column.name: sa.bindparam(column.name) for column in table.c}


def changes(*columns: str) -> dict[str, sa.BindParameter[Any]]:
    """Under names of their own: a column's own name is bound where the row is found."""
    return {name: sa.bindparam(f"new_{name}") for name in columns}


def columns(row: Dues | Payment | Refund) -> dict[str, Any]:
    return msgspec.structs.asdict(row)


def new_values(row: Payment | Refund, names: Sequence[str]) -> dict[str, Any]:
    return {f"new_{name}": getattr(row, name) for name in names}
