"""How often one caller may ask. The counting is the cache port's; without it, browsing goes on and signing in waits."""

import math

from shikanji.gateway.problems import RateLimited
from shikanji.gateway.request import address_prefix
from shikanji.gateway.settings import GatewaySettings
from shikanji.kit.auth import Principal
from shikanji.kit.cache import Cache, LocalCache
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.web.routes import RateClass

_log = logger("gateway")


class RateLimits:
    def __init__(self, cache: Cache, settings: GatewaySettings, *, enabled: bool) -> None:
        self._cache = cache
        self._local = cache if isinstance(cache, LocalCache) else None
        self._enabled = enabled
        self._settings = settings
        self.uncounted = 0
        """Requests that could not be counted and were let past."""

    async def take(self, rate: RateClass, principal: Principal, client: str) -> None:
        """Takes one request of the caller's minute. Raises RateLimited (429) when there is none left."""
        if not self._enabled:
            return
        bucket, caller, per_minute = self._bucket(rate, principal, client)
        try:
            wait = await self._cache.take(f"rate:{bucket}:{caller}", rate_per_minute=per_minute, burst=per_minute)
        except Exception as lost:
            _log.error("rate limits are not counted", reason=str(lost), bucket=bucket)
            if rate is RateClass.AUTH:
                raise Unavailable(
                    "Signing in waits until requests can be counted again", retry_after_seconds=5
                ) from None
            self.uncounted += 1
            return
        if wait > 0:
            raise RateLimited(bucket, per_minute, max(1, math.ceil(wait)))

    def admits_now(self, client: str) -> bool:
        """As `take` for an anonymous reader. False also where that cannot be said without waiting."""
        if not self._enabled:
            return True
        if self._local is None:
            return False
        per_minute = self._settings.anonymous_per_minute
        key = f"rate:anonymous:{address_prefix(client)}"
        return self._local.take_now(key, rate_per_minute=per_minute, burst=per_minute) == 0.0

    def _bucket(self, rate: RateClass, principal: Principal, client: str) -> tuple[str, str, int]:
        settings = self._settings
        if rate is RateClass.AUTH:
            return "auth", address_prefix(client), settings.auth_per_minute
        if rate is RateClass.WEBHOOK:
            return "webhook", address_prefix(client), settings.webhook_per_minute
        if principal.admin:
            return "admin", principal.key, settings.admin_per_minute
        if not principal.anonymous:
            return "signed-in", principal.key, settings.signed_in_per_minute
        return "anonymous", address_prefix(client), settings.anonymous_per_minute
