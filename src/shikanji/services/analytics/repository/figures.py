"""The figures: added to, in the order of their keys."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.model.customer import CohortCell
from shikanji.services.analytics.model.figures import FIGURES, Cell, Pair, Time
from shikanji.services.analytics.tables import aggregated_metrics, cohorts, durations, product_pairs


def add_figures(tx: Tx, sums: Mapping[Cell, tuple[int, ...]]) -> None:
    tx.run_each(
        ADD_FIGURES,
        [dict(zip(_FIGURES, (*cell, *sums[cell]), strict=True)) for cell in sorted(sums)],
    )


def add_times(tx: Tx, sums: Mapping[Time, tuple[int, ...]]) -> None:
    tx.run_each(ADD_TIMES, [dict(zip(_TIMES, (*time, *sums[time]), strict=True)) for time in sorted(sums)])


def add_pairs(tx: Tx, sums: Mapping[Pair, tuple[int, ...]]) -> None:
    tx.run_each(ADD_PAIRS, [dict(zip(_PAIRS, (*pair, *sums[pair]), strict=True)) for pair in sorted(sums)])


def add_cohorts(tx: Tx, sums: Mapping[CohortCell, tuple[int, ...]]) -> None:
    tx.run_each(ADD_COHORTS, [dict(zip(_COHORTS, (*cell, *sums[cell]), strict=True)) for cell in sorted(sums)])


def _adding(table: sa.Table, *sums: str) -> sa.Executable:
    """Adds to what is there; begins with it where nothing is."""
    given = upsert(table).values({column.name: bindparam(column.name) for column in table.columns})
    return given.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + given.excluded[name] for name in sums},
    )


_FIGURES, _TIMES, _PAIRS, _COHORTS = (
    tuple(table.columns.keys()) for table in (aggregated_metrics, durations, product_pairs, cohorts)
)

ADD_FIGURES = _adding(aggregated_metrics, *FIGURES)
ADD_TIMES = _adding(durations, "count", "seconds")
ADD_PAIRS = _adding(product_pairs, "orders")
ADD_COHORTS = _adding(cohorts, "customers", "orders", "revenue")
