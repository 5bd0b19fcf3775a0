"""From what a service declares about a route to what the gateway does with it."""

from shikanji.gateway.headers import deprecation_headers, security_headers, vary
from shikanji.gateway.problems import Header
from shikanji.gateway.table import Target
from shikanji.kit.web.negotiation import Produced
from shikanji.kit.web.routes import RateClass, Route, Who

_VERSION: Header = (b"x-api-version", b"v1")
_NO_STORE: Header = (b"cache-control", b"no-store")


class TargetMaker:
    def __init__(self, *, production: bool, cors: bool) -> None:
        self._security = security_headers(production=production)
        self._cors = cors

    def route(self, service: str, route: Route) -> Target:
        always = [_VERSION, *self._security, *deprecation_headers(route)]
        signing_in = route.rate is RateClass.AUTH
        return Target(
            service=service,
            method=route.method,
            path=route.path,
            headers=[*always, _NO_STORE, vary(cors=self._cors)],
            shared_headers=[*always, *self._shared(route.cache_seconds)],
            rate=route.rate,
            identify=route.rate is not RateClass.WEBHOOK and not (signing_in and route.who is Who.ANYONE),
            open=route.who is Who.ANYONE,
            cache_seconds=route.cache_seconds,
            own_caching=route.own_caching,
            body_bytes_max=route.body_bytes_max,
            produced=Produced(*route.media_types),
            compress=not signing_in,
        )

    def mount(self, prefix: str) -> Target:
        return Target(
            service=prefix,
            method="*",
            path=f"{prefix}/*",
            headers=[*self._security, _NO_STORE, vary(cors=False)],
            identify=False,
        )

    def nowhere(self) -> Target:
        """For what no service answers, so that it is counted, limited and logged too."""
        headers = [_VERSION, *self._security, _NO_STORE, vary(cors=self._cors)]
        return Target(service="gateway", method="*", path="(none)", headers=headers)

    def _shared(self, seconds: int) -> list[Header]:
        return [
            (b"cache-control", b"public, max-age=%d" % seconds),
            vary("Authorization", "Cookie", cors=self._cors),
        ]
