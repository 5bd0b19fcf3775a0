"""Calls to services in other processes: one signed POST per question."""

from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

import aiohttp
import msgspec

from shikanji.kit import context
from shikanji.kit.breaker import Breaker
from shikanji.kit.calls import Call
from shikanji.kit.calls_credential import INSTANCE, REFUSED_TYPE, sign
from shikanji.kit.clock import Clock
from shikanji.kit.errors import RemoteProblem, Unavailable
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.telemetry.traces import current_traceparent
from shikanji.kit.web.envelope import PROBLEM_TYPE_PREFIX, ProblemBody

R = TypeVar("R")

PATH = "/internal/calls/"
TIMEOUT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 15.0
REST_SECONDS_MAX = 2.0
"""A copy that is back is asked again so soon: nobody else finds out here whether it is."""
BROKEN_MAX = 2
"""Copies that a question is asked of and that break off."""
REQUEST_HEADER, CAUSATION_HEADER, TRACE_HEADER = "x-request-id", "x-causation-id", "traceparent"

_log = logger("calls")


def calls_session() -> aiohttp.ClientSession:
    """As many connections as there are questions; each is let go well before the other side hangs up on it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class _Answer(NamedTuple):
    status: int
    body: bytes
    retry_after: str
    instance: str
    """Set where the other side is another than the one that was meant."""


class HttpCalls:
    """`addresses` gives the base URLs of a service's copies. One that cannot be reached is passed over for the next; so
    is, once, one that broke off, for asking twice does no more than asking once."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        addresses: Callable[[str], Sequence[str]],
        key: bytes,
        clock: Clock,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._http = http
        self._addresses = addresses
        self._key = key
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._breakers: dict[str, Breaker] = {}
        self._instances: dict[str, str] = {}
        self._turn = 0

    async def ask(self, call: Call[R]) -> R:
        path = PATH + type(call).__name__
        body = msgspec.json.encode(call)
        broken = 0
        for address in self._in_turn(call.service):
            breaker = self._breakers.setdefault(address, Breaker(self._clock, rest_seconds_max=REST_SECONDS_MAX))
            if not breaker.admits:
                continue
            try:
                return _read(call, await self._exchange(breaker, address, path, body))
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                broken += 1
                if broken == BROKEN_MAX:
                    break
        raise Unavailable(f"{call.service} cannot be reached")

    def _in_turn(self, service: str) -> list[str]:
        """Each in its turn first; a single one twice, for it may have hung up on a connection that was idle."""
        addresses = list(self._addresses(service))
        self._turn += 1
        first = self._turn % len(addresses) if addresses else 0
        return addresses[first:] + addresses[:first] if len(addresses) > 1 else addresses * BROKEN_MAX

    async def _exchange(self, breaker: Breaker, address: str, path: str, body: bytes) -> _Answer:
        meant = self._instances.get(address, "")
        answer = await self._post(breaker, address, path, body, meant)
        if answer.instance and answer.instance != meant:
            # Another process than last time, or the first time: it has not looked at the question yet.
            self._instances[address] = answer.instance
            answer = await self._post(breaker, address, path, body, answer.instance)
        return answer

    async def _post(self, breaker: Breaker, address: str, path: str, body: bytes, instance: str) -> _Answer:
        """Raises ClientError when it broke off or could not begin."""
        breaker.enter()
        try:
            async with self._http.post(
                address + path,
                data=body,
                headers=self._headers(path, body, instance),
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                headers = response.headers
                answer = _Answer(
                    response.status, await response.read(), headers.get("retry-after", ""), headers.get(INSTANCE, "")
                )
        except aiohttp.ClientError:
            breaker.failed()
            raise
        except TimeoutError:
            breaker.failed()
            raise Unavailable("another service did not answer in time") from None
        except BaseException:
            breaker.abandoned()
            raise
        breaker.succeeded()
        return answer

    def _headers(self, path: str, body: bytes, instance: str) -> Mapping[str, str]:
        origin = context.current()
        headers = sign(self._key, path, body, now=self._clock.now(), nonce=token_hex(16), instance=instance)
        headers["content-type"] = "application/json"
        headers[REQUEST_HEADER], headers[CAUSATION_HEADER] = origin.correlation_id, origin.causation_id
        traceparent = current_traceparent() or origin.traceparent
        if traceparent:
            headers[TRACE_HEADER] = traceparent
        return headers


def _read(call: Call[R], answer: _Answer) -> R:
    try:
        if answer.status == 200:
            reply: R = msgspec.json.decode(answer.body, type=call.returns)
            return reply
        problem = msgspec.json.decode(answer.body, type=ProblemBody)
    except (msgspec.DecodeError, UnicodeDecodeError):
        _log.error("answer not understood", service=call.service, call=type(call).__name__, status=answer.status)
        raise Unavailable(f"{call.service} gave an answer that was not understood") from None
    raise _problem(call, problem, answer)


def _problem(call: Call[Any], problem: ProblemBody, answer: _Answer) -> Exception:
    slug = problem.type.removeprefix(PROBLEM_TYPE_PREFIX)
    retry_after = int(answer.retry_after) if answer.retry_after.isdigit() else None
    if slug == REFUSED_TYPE:
        _log.error("call refused: do all processes have the same secret and time?", service=call.service)
        return Unavailable(f"{call.service} does not know us")
    if problem.code >= 500:
        return Unavailable(problem.detail, retry_after_seconds=retry_after or 1)
    return RemoteProblem(problem.code, slug, problem.error, problem.detail, problem.errors, retry_after)
