"""What an operator may set of the analytics service: `SHIKANJI_ANALYTICS_<FIELD>`."""

from typing import Annotated

import msgspec

from shikanji.kit.settings import TimeZone


class AnalyticsSettings(msgspec.Struct, frozen=True, kw_only=True):
    time_zone: TimeZone = "Asia/Kolkata"
    """Of a store that nothing is known of yet, and of reports over all stores."""
    client_event_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 90
    """How long what browsers and phones tell is kept one by one; the funnel that it makes stays."""
