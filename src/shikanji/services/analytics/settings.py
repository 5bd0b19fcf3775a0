"""What an operator may set of the analytics service: `SHIKANJI_ANALYTICS_<FIELD>`."""

import msgspec


class AnalyticsSettings(msgspec.Struct, frozen=True, kw_only=True):
    time_zone: str = "Asia/Kolkata"
    """Of a store that nothing is known of yet, and of reports over all stores."""
