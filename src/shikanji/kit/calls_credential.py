"""How a process proves that it is one of ours: every call is signed for what it says, to whom and when."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex

from shikanji.kit.clock import SECOND, Clock
from shikanji.kit.errors import Unauthorized

TIMESTAMP, NONCE, SIGNATURE = "x-shikanji-timestamp", "x-shikanji-nonce", "x-shikanji-signature"
INSTANCE = "x-shikanji-instance"
"""Which start of which process is meant; in a refusal, which one it was that was asked."""
PURPOSE = "internal-calls"
"""What the signing key is derived from the platform's secret for."""
GOOD_FOR = 30 * SECOND

REFUSED_TYPE = "internal-credential-refused"


class Refused(Unauthorized):
    type, title = REFUSED_TYPE, "This address is for the platform's own services"


def sign(key: bytes, path: str, body: bytes, *, now: int, nonce: str, instance: str = "") -> dict[str, str]:
    """The headers of a POST of `body` to `path`; `nonce` is fresh for every call. `instance`: as the other side called
    itself; whoever has not met it yet is refused and told."""
    timestamp = str(now)
    signature = _signature(key, path, body, timestamp, nonce, instance)
    return {TIMESTAMP: timestamp, NONCE: nonce, INSTANCE: instance, SIGNATURE: signature}


def _signature(key: bytes, path: str, body: bytes, timestamp: str, nonce: str, instance: str) -> str:
    text = "\n".join(("POST", path, sha256(body).hexdigest(), timestamp, nonce, instance))
    return hmac.new(key, text.encode(), sha256).hexdigest()


class Gatekeeper:
    """Lets each signed call in once, at this process and no other: one that is overheard opens neither another copy nor
    the next start of this one. Nonces are remembered for as long as their timestamps are good, in two halves, so that
    forgetting costs nothing; only calls that were signed with the key take room there."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self.instance = token_hex(16)
        self._key = key
        self._clock = clock
        self._recent: set[str] = set()
        self._older: set[str] = set()
        self._turned_at = clock.now()

    def check(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises Refused (401) for what is unsigned, forged, too old, from the future, meant for another, or seen
        before."""
        timestamp, nonce, instance = headers.get(TIMESTAMP, ""), headers.get(NONCE, ""), headers.get(INSTANCE, "")
        expected = _signature(self._key, path, body, timestamp, nonce, instance)
        if not hmac.compare_digest(expected.encode(), headers.get(SIGNATURE, "").encode("utf-8", "replace")):
            raise Refused
        now = self._clock.now()
        if not timestamp.isdecimal() or abs(now - int(timestamp)) > GOOD_FOR:
            raise Refused
        if instance != self.instance:
            raise Refused(headers={INSTANCE: self.instance})
        self._turn(now)
        if nonce in self._recent or nonce in self._older:
            raise Refused
        self._recent.add(nonce)

    def _turn(self, now: int) -> None:
        # A timestamp is good from GOOD_FOR before its time until GOOD_FOR after it.
        if now - self._turned_at > 2 * GOOD_FOR:
            self._older, self._recent = self._recent, set()
            self._turned_at = now
