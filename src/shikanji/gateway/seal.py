"""How a gateway vouches for what it says of a request: whose it is, under which id. A service in another process
believes it only so, for whoever reaches that process can send the same headers."""

import hmac
from hashlib import sha256

from shikanji.gateway.problems import Header
from shikanji.kit.asgi import Scope
from shikanji.kit.clock import SECOND, Clock
from shikanji.kit.telemetry.logs import logger

PURPOSE = "gateway-seal"
"""What the key is derived from the platform's secret for."""
NAME = b"x-shikanji-seal"
GOOD_FOR = 30 * SECOND

VOUCHED = (b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
"""Headers that only a gateway sets."""
_DROPPED = frozenset({*VOUCHED, b"forwarded", b"x-real-ip", b"traceparent", b"tracestate", NAME})

_log = logger("desk")


class Seal:
    """For one request at one time: whoever overhears it can say nothing else with it."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def header(self, scope: Scope) -> Header:
        """To be sent along with the headers of `scope`."""
        now = b"%d" % self._clock.now()
        return NAME, now + b"." + self._signature(scope, now)

    def opened(self, scope: Scope) -> Scope:
        """The request as it may be believed: what no gateway vouches for is gone."""
        given = next((value for name, value in scope["headers"] if name == NAME), b"")
        if given and self._holds(scope, given):
            return {**scope, "headers": [header for header in scope["headers"] if header[0] != NAME]}
        if given:
            _log.warning("a gateway's seal is not good: do all processes have the same secret and time?")
        return {**scope, "headers": [header for header in scope["headers"] if header[0] not in _DROPPED]}

    def _holds(self, scope: Scope, given: bytes) -> bool:
        sealed_at, _, signature = given.partition(b".")
        if not hmac.compare_digest(self._signature(scope, sealed_at), signature):
            return False
        return abs(self._clock.now() - int(sealed_at)) <= GOOD_FOR

    def _signature(self, scope: Scope, sealed_at: bytes) -> bytes:
        said: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in VOUCHED:
                # Of two headers of one name a service reads one: both are signed, in their order.
                said[name] = said[name] + b"\n" + value if name in said else value
        target = [scope["method"].encode(), scope["raw_path"], scope["query_string"], sealed_at]
        text = b"\n".join([*target, *(said.get(name, b"") for name in VOUCHED)])
        return hmac.new(self._key, text, sha256).hexdigest().encode()
