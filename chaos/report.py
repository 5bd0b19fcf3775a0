"""The table of a run, and what was wrong with it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from chaos import power_cuts
from chaos.storm import Outcome

WIDTH = 150
SHOWN_MAX = 20


def show(outcomes: Sequence[Outcome], cuts: power_cuts.Outcome | None, seed: int) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    if outcomes:
        console.print(_storms(outcomes, seed))
    if cuts is not None:
        console.print(_cuts(cuts, seed))
    for line in _complaints(outcomes, cuts):
        console.print(line, style="red", markup=False, soft_wrap=True)


def _storms(outcomes: Sequence[Outcome], seed: int) -> Table:
    table = Table(title=f"chaos, seed {seed}", show_header=True)
    table.add_column("")
    for outcome in outcomes:
        table.add_column(outcome.shape, justify="right")
    rows = {
        "orders acknowledged": [f"{outcome.orders:,}" for outcome in outcomes],
        "requests answered": [f"{outcome.requests:,}" for outcome in outcomes],
        "requests without an answer": [f"{outcome.unanswered:,}" for outcome in outcomes],
        "kills": [f"{outcome.kills:,}" for outcome in outcomes],
        **{
            f"  {name}": [f"{outcome.faults.get(name, 0):,}" for outcome in outcomes]
            for name in sorted({name for outcome in outcomes for name in outcome.faults})
        },
        **{
            name: [outcome.notes.get(name, "") for outcome in outcomes]
            for name in sorted({name for outcome in outcomes for name in outcome.notes})
        },
        "lost": [str(len(outcome.verdict.lost)) for outcome in outcomes],
        "doubled": [str(len(outcome.verdict.doubled)) for outcome in outcomes],
        "otherwise wrong": [str(len(outcome.verdict.wrong) + len(outcome.broken)) for outcome in outcomes],
        "audit": ["clean" if not outcome.audit else f"{len(outcome.audit)} violated" for outcome in outcomes],
        "seconds to heal": [f"{outcome.heal_seconds:.1f}" for outcome in outcomes],
        "seconds in all": [f"{outcome.seconds:.0f}" for outcome in outcomes],
        "": ["passed" if outcome.passed else "VOID" if outcome.missing else "FAILED" for outcome in outcomes],
    }
    for name, values in rows.items():
        table.add_row(name, *values)
    return table


def _cuts(cuts: power_cuts.Outcome, seed: int) -> Table:
    table = Table(title=f"power cuts, seed {seed}")
    for heading in ("cuts", "orders acknowledged", "damaged databases", "lost", "started again", "wrong after that"):
        table.add_column(heading, justify="right")
    values = (cuts.cuts, cuts.orders, len(cuts.damaged), len(cuts.lost), cuts.revived, len(cuts.wrong))
    table.add_row(*(f"{value:,}" for value in values))
    return table


def _complaints(outcomes: Sequence[Outcome], cuts: power_cuts.Outcome | None) -> Iterator[str]:
    for outcome in outcomes:
        for kind, sentences in complaints(outcome).items():
            yield from (f"{outcome.shape}: {kind}: {sentence}" for sentence in sentences[:SHOWN_MAX])
    if cuts is not None:
        yield from [*cuts.damaged, *cuts.lost, *cuts.wrong][:SHOWN_MAX]


def complaints(outcome: Outcome) -> dict[str, list[str]]:
    """By kind; empty where all is well."""
    found = {
        "void, for it lacks": outcome.missing,
        "lost": outcome.verdict.lost,
        "doubled": outcome.verdict.doubled,
        "wrong": outcome.verdict.wrong,
        "audit": outcome.audit,
        "answer": outcome.broken,
    }
    return {kind: sentences for kind, sentences in found.items() if sentences}
