"""Tiers: what one must have earned for each, and what it gives."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shikanji.contracts.loyalty import Tier
from shikanji.kit.clock import from_datetime, to_datetime


class TierRule(msgspec.Struct, frozen=True, kw_only=True):
    """`threshold`: points earned in twelve months; `percent`: what an order earns of its points."""

    tier: Tier
    threshold: int
    percent: int


def tier_for(rules: Sequence[TierRule], earned: int) -> TierRule:
    """The highest that `earned` reaches; `rules` begin with the lowest."""
    return next(rule for rule in reversed(rules) if earned >= rule.threshold or rule is rules[0])


def rule_of(rules: Sequence[TierRule], tier: Tier) -> TierRule:
    return next(rule for rule in rules if rule.tier == tier)


def next_rule(rules: Sequence[TierRule], tier: Tier) -> TierRule | None:
    """The tier above; None at the top."""
    above = [rule for rule in rules if rule.threshold > rule_of(rules, tier).threshold]
    return above[0] if above else None


def is_above(rules: Sequence[TierRule], new: Tier, old: Tier) -> bool:
    names = [rule.tier for rule in rules]
    return names.index(new) > names.index(old)


def months_later(at: int, months: int) -> int:
    """The same day of a later month, or that month's last day."""
    moment = to_datetime(at)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return from_datetime(_valid(moment, year, month + 1))


def _valid(moment: datetime, year: int, month: int) -> datetime:
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month)
