"""What a credit note takes back of an invoice: to the paisa, in any number of parts."""

from collections.abc import Mapping, Sequence

import msgspec

from shikanji.kit.money import shares
from shikanji.services.payment.model.invoice import InvoiceLine
from shikanji.services.payment.model.refund import RefundedLine


def credited(
    lines: Sequence[InvoiceLine], before: Sequence[InvoiceLine], amount: int, named: Sequence[RefundedLine] = ()
) -> list[InvoiceLine]:
    """`amount` paise as lines of a credit note, after notes with the lines `before` on the same invoice. Of the lines
    that the refund named, what it gave for them, as far as so much is left; what no line is named for comes from all
    in proportion to what is left of each. Tax follows the amount, both halves alike; notes that take everything back
    sum exactly to the invoice in every figure. Raises ValueError where less is left than `amount`."""
    taken = _sums(before)
    left = {line.id: line.paid - taken.get(line.id, 0) for line in lines}
    wanted = {line.line_id: min(line.amount, left.get(line.line_id, 0)) for line in named}
    rest = amount - sum(wanted.values())
    if rest < 0 or amount > sum(left.values()):
        raise ValueError(f"{amount} paise back, but only {sum(left.values())} are left on the invoice")
    spread = shares(rest, [left[line.id] - wanted.get(line.id, 0) for line in lines])
    pieces = {line.line_id: line.quantity for line in named}
    parts = {line.id: wanted.get(line.id, 0) + more for line, more in zip(lines, spread, strict=True)}
    last = amount == sum(left.values())
    return [
        _part(line, taken.get(line.id, 0), parts[line.id], pieces.get(line.id, 0))
        for line in lines
        if parts[line.id] or (last and not line.paid)
    ]


def _part(line: InvoiceLine, before: int, amount: int, quantity: int) -> InvoiceLine:
    """The figures up to here less those before: so any parts of a line sum exactly to it. A line whose price was
    rounded off altogether goes back whole."""
    if not line.paid:
        return line
    after = before + amount
    half = line.half * after // line.paid - line.half * before // line.paid
    rounded = _toward_zero(line.round_off, after, line.paid) - _toward_zero(line.round_off, before, line.paid)
    return msgspec.structs.replace(
        line, quantity=quantity, off=0, taxable=amount - 2 * half - rounded, half=half, paid=amount
    )


def _toward_zero(amount: int, part: int, whole: int) -> int:
    share = abs(amount) * part // whole
    return share if amount >= 0 else -share


def _sums(lines: Sequence[InvoiceLine]) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.id] = sums.get(line.id, 0) + line.paid
    return sums
