"""Refusals that only a front door knows."""

from shikanji.kit.errors import Problem, TooManyRequests

Header = tuple[bytes, bytes]


class RequestTimeout(Problem):
    status, type, title = 408, "request-timeout", "The request took too long to arrive"


class UriTooLong(Problem):
    status, type, title = 414, "uri-too-long", "The address is too long"


class HeadersTooLarge(Problem):
    status, type, title = 431, "headers-too-large", "The request headers are too large"


class BadGateway(Problem):
    """The service broke off: whether it acted is unknown."""

    status, type, title = 502, "bad-gateway", "The service did not answer"


class GatewayTimeout(Problem):
    """Whether the service acted is unknown."""

    status, type, title = 504, "gateway-timeout", "The service did not answer in time"


class RateLimited(TooManyRequests):
    def __init__(self, bucket: str, per_minute: int, wait_seconds: int) -> None:
        super().__init__(
            f"more than {per_minute} requests a minute; try again in {wait_seconds} s",
            retry_after_seconds=wait_seconds,
            headers={
                "RateLimit-Policy": f'"{bucket}";q={per_minute};w=60',
                "RateLimit": f'"{bucket}";r=0;t={wait_seconds}',
            },
        )


OF_THE_DOOR: tuple[type[Problem], ...] = (RequestTimeout, UriTooLong, HeadersTooLarge, BadGateway, GatewayTimeout)
"""What the door may refuse of any request, whatever the service behind it says."""
