"""What the gateway reads off a request before anything else happens, in one walk over the headers."""

import ipaddress
from functools import lru_cache
from typing import Any

from shikanji.gateway.problems import HeadersTooLarge, UriTooLong
from shikanji.kit.asgi import Scope
from shikanji.kit.errors import BadRequest
from shikanji.kit.web.body import UnsupportedMediaType

HEADER_BYTES_MAX = 8_192
URL_BYTES_MAX = 8_192

Known = dict[bytes, bytes]

_READ = frozenset(
    {
        b"accept", b"accept-encoding", b"access-control-request-method", b"authorization", b"content-encoding",
        b"content-length", b"cookie", b"host", b"if-none-match", b"origin", b"traceparent", b"transfer-encoding",
        b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id",
    }
)  # fmt: skip
_JOINED = {
    b"accept": b", ",
    b"accept-encoding": b", ",
    b"cookie": b"; ",
    b"if-none-match": b", ",
    b"x-forwarded-for": b", ",
}
_ONCE = frozenset({b"authorization", b"content-length", b"host", b"transfer-encoding"})


def read_headers(scope: Scope) -> Known:
    """The headers that the gateway itself acts on. Raises 400, 414, 415 or 431 for what no service should see."""
    known: Known = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name in _READ:
            if name in known:
                value = _again(name, known[name], value)
            known[name] = value
    if size > HEADER_BYTES_MAX:
        raise HeadersTooLarge(f"More than {HEADER_BYTES_MAX} bytes of headers")
    if b"host" not in known and scope["http_version"] == "1.1":
        raise BadRequest("there is no Host header")
    _check_target(scope)
    if b"content-encoding" in known or b"transfer-encoding" in known:
        _check_framing(known)
    return known


def has_body(known: Known) -> bool:
    return known.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in known


def _again(name: bytes, first: bytes, second: bytes) -> bytes:
    if name in _JOINED:
        return first + _JOINED[name] + second
    if name in _ONCE and first != second:
        raise BadRequest(f"{name.decode()} is given twice")
    return second


def _check_target(scope: Scope) -> None:
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    if len(raw) + len(query) > URL_BYTES_MAX:
        raise UriTooLong(f"More than {URL_BYTES_MAX} bytes")
    if b"%00" in raw or b"%00" in query:
        raise BadRequest("The address holds a NUL character")
    if "\ufffd" in scope["path"]:
        raise BadRequest("The path is not UTF-8")


def _check_framing(known: Known) -> None:
    if b"transfer-encoding" in known and b"content-length" in known:
        raise BadRequest("Content-Length and Transfer-Encoding exclude each other")
    if known.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("compressed bodies are not accepted")


class ClientAddresses:
    """Whose request it is. Forwarding headers count only when the other end of the connection is a trusted proxy, and
    then only up to the first address (from the right) that is not one."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in trusted]
        self._trusts = lru_cache(maxsize=4_096)(self._is_trusted)

    def client(self, scope: Scope, known: Known) -> str:
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not self._networks or not self._trusts(peer):
            return peer
        for address in reversed(known.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            candidate = address.strip()
            if not _is_address(candidate):
                return peer
            peer = candidate
            if not self._trusts(candidate):
                return candidate
        return peer

    def scheme(self, scope: Scope, known: Known) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        if self._networks and self._trusts(peer):
            forwarded = known.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
            if forwarded in ("http", "https"):
                return forwarded
        scheme: str = scope["scheme"]
        return scheme

    def _is_trusted(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = _parsed(address)
        return any(parsed.version == network.version and parsed in network for network in self._networks)


@lru_cache(maxsize=8_192)
def address_prefix(address: str) -> str:
    """What counts as one caller: an IPv4 address, an IPv6 /64."""
    if not _is_address(address):
        return address
    parsed = _parsed(address)
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def is_internal(address: str) -> bool:
    """Loopback, or a network that is not the internet."""
    return not _is_address(address) or _parsed(address).is_private


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _parsed(text: str) -> Any:
    """IPv4 written as IPv6 (`::ffff:1.2.3.4`) is IPv4."""
    parsed = ipaddress.ip_address(text)
    return getattr(parsed, "ipv4_mapped", None) or parsed
