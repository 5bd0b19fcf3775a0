"""How often one caller may ask. The counting is the cache port's, shared by all gateways; while that is away each
gateway counts by itself: nobody is refused for it, and nobody gets more than the limit at each gateway. What must be
exact (guesses of codes and passwords, messages sent) is counted in the databases of the services."""

import math

from shikanji.gateway.problems import RateLimited
from shikanji.gateway.request import address_prefix
from shikanji.gateway.settings import GatewaySettings
from shikanji.kit.auth import Principal
from shikanji.kit.cache import Cache, CacheUnavailable, LocalCache
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.web.routes import RateClass


class RateLimits:
    def __init__(self, cache: Cache, settings: GatewaySettings, *, enabled: bool) -> None:
        self._cache = cache
        self._local = cache if isinstance(cache, LocalCache) else None
        self._alone = MemoryCache()
        self._enabled = enabled
        self._settings = settings
        self.counted_alone = 0
        """Requests that no other gateway knows of."""

    async def take(self, rate: RateClass, principal: Principal, client: str) -> None:
        """Takes one request of the caller's minute. Raises RateLimited (429) when there is none left."""
        if not self._enabled:
            return
        bucket, caller, per_minute = self._bucket(rate, principal, client)
        key = f"rate:{bucket}:{caller}"
        try:
            wait = await self._cache.take(key, rate_per_minute=per_minute, burst=per_minute)
        except CacheUnavailable:
            self.counted_alone += 1
            wait = self._alone.take_now(key, rate_per_minute=per_minute, burst=per_minute)
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
