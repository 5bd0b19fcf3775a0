"""Arithmetic of money: integer paise, each rounding rule written once."""

from collections.abc import Sequence

import msgspec

BASIS_POINTS = 10_000


class Gst(msgspec.Struct, frozen=True, kw_only=True):
    """The goods and services tax in one amount, all in paise. Either `cgst` = `sgst` and `igst` = 0, or the other way
    about."""

    taxable: int
    cgst: int = 0
    sgst: int = 0
    igst: int = 0

    @property
    def tax(self) -> int:
        return self.cgst + self.sgst + self.igst

    @property
    def gross(self) -> int:
        return self.taxable + self.tax


def gst(amount: int, rate_bp: int, *, included: bool = False, interstate: bool = False) -> Gst:
    """The tax on `amount` at `rate_bp` basis points (500 = 5 %, both halves together). `included`: the amount contains
    it already. Within a state each half is rounded alike, so CGST and SGST are always equal; between states the tax is
    rounded once. Halves of a paisa go up."""
    _check(amount >= 0, "an amount to tax is not negative")
    _check(0 <= rate_bp <= 10 * BASIS_POINTS, "a rate is between 0 and 1000 %")
    whole = BASIS_POINTS + rate_bp if included else BASIS_POINTS
    if interstate:
        igst = divide_half_up(amount * rate_bp, whole)
        return Gst(taxable=amount - igst if included else amount, igst=igst)
    half = divide_half_up(amount * rate_bp, 2 * whole)
    return Gst(taxable=amount - 2 * half if included else amount, cgst=half, sgst=half)


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` split in proportion to `weights`, by largest remainder: the shares sum exactly to it, and none is more
    than a paisa from its exact part. Among equal remainders the earlier one gets the paisa. Weights that are all 0
    share nothing, so `amount` must be 0 then."""
    _check(amount >= 0, "an amount to share is not negative")
    _check(min(weights, default=0) >= 0, "weights are not negative")
    if amount == 0:
        return [0] * len(weights)
    whole = sum(weights)
    _check(whole > 0, "there is nobody to share among")
    split = [amount * weight // whole for weight in weights]
    if left := amount - sum(split):
        by_remainder = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % whole))
        for place in by_remainder[:left]:
            split[place] += 1
    return split


def round_off(amount: int, multiple: int) -> int:
    """What is to be added to `amount` to make it the nearest multiple (halves go up); 0 multiples: nothing."""
    _check(amount >= 0 and multiple >= 0, "amounts and multiples are not negative")
    if multiple == 0:
        return 0
    return divide_half_up(amount, multiple) * multiple - amount


def divide_half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to the quotient of two numbers that are not negative; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _check(true: bool, rule: str) -> None:
    if not true:
        raise ValueError(rule)
