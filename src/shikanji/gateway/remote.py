"""A service that runs elsewhere, in one or several copies: least-loaded choice, health, breaking, streaming."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp
import msgspec
from yarl import URL

from shikanji.gateway.headers import hop_by_hop
from shikanji.gateway.problems import BadGateway, GatewayTimeout
from shikanji.gateway.seal import Seal
from shikanji.gateway.upstreams import MAY_HAVE_ACTED
from shikanji.kit.asgi import Receive, Scope, Send
from shikanji.kit.breaker import Breaker, State
from shikanji.kit.clock import Clock
from shikanji.kit.errors import Problem, Unavailable
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.telemetry.traces import current_traceparent, span

HEALTH_PATH = "/health/ready"
HEALTH_SECONDS_MAX = 1.0
HEALTH_FAILURES_MAX = 2
CONNECT_SECONDS_MAX = 2.0
KEEP_ALIVE_SECONDS = 15.0
"""Well below the time for which a service keeps an idle connection: it must not hang up while we are about to write."""
WHOLE_BYTES_MAX = 65_536
"""An answer of a known size up to this is read before any of it is passed on; a longer one is passed on in pieces."""

REASON_LENGTH_MAX = 200
"""Characters of what copies say of themselves that are passed on."""

_REPEATED = frozenset({"GET", "HEAD"})
_OF_THE_CONNECTION = frozenset({b"host", b"content-length"})
_log = logger("gateway")


def upstream_session(*, seconds_max: float) -> aiohttp.ClientSession:
    """A session that changes nothing on the way: no cookies, no redirects, no decoding, no headers of its own."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS_MAX, sock_read=seconds_max),
    )
    # aiohttp has no other way to say so: it would send PUT and DELETE again by itself, perhaps after they took effect.
    session._retry_connection = False
    return session


class Copy:
    """One running copy of a service, as seen from here."""

    def __init__(self, url: str, breaker: Breaker) -> None:
        self.url = url.rstrip("/")
        self.breaker = breaker
        self.in_flight = 0
        self.healthy = True
        self.met = False
        """Whether it was ready ever."""
        self.health_failures = 0
        self.reason = ""
        """Why it was not ready when it was last asked."""

    @property
    def usable(self) -> bool:
        return self.healthy and self.breaker.admits

    def heard(self, ready: bool, reason: str = "") -> None:
        """One answer to "are you ready?". A single silence is forgiven."""
        self.reason = "" if ready else reason
        was_met, self.met = self.met, self.met or ready
        self.health_failures = 0 if ready else self.health_failures + 1
        healthy = self.health_failures < HEALTH_FAILURES_MAX
        if healthy != self.healthy and was_met:
            _log.warning("a copy is back" if healthy else "a copy is not ready", copy=self.url, reason=self.reason)
        if healthy and not self.healthy:
            # It has just answered: what it left unanswered before its end says nothing any more.
            self.breaker.succeeded()
        self.healthy = healthy


class _Unanswered(Exception):
    """A copy gave no answer; `problem` is what the caller is told if nobody else does. `heard`: whether it may have got
    the request."""

    def __init__(self, problem: Problem, *, heard: bool) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.heard = heard


@dataclass(frozen=True, slots=True)
class _Request:
    """What may be asked twice: the body has been read."""

    scope: Scope
    body: bytes | None
    receive: Receive
    send: Send


class Copies:
    """An Upstream over HTTP. GET and HEAD are asked once more, of another copy; anything else only when the first copy
    cannot have heard it."""

    def __init__(
        self,
        service: str,
        urls: Sequence[str],
        session: aiohttp.ClientSession,
        clock: Clock,
        seal: Seal | None = None,
    ) -> None:
        self.service = service
        self.copies = [Copy(url, Breaker(clock)) for url in urls]
        self._session = session
        self._seal = seal
        self._turns = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        copy = self._choose()
        request = _Request(scope, (await receive()).get("body") or None, receive, send)
        try:
            await self._ask(copy, request)
        except _Unanswered as unanswered:
            _log.warning("a copy gave no answer", copy=copy.url, service=self.service, reason=str(unanswered.__cause__))
            if unanswered.heard and scope["method"] not in _REPEATED:
                raise unanswered.problem from None
            await self._ask_another(copy, unanswered.problem, request)

    async def check_health(self) -> None:
        """Asks every copy whether it is ready."""
        await asyncio.gather(*(self._check(copy) for copy in self.copies))

    async def why_not_ready(self) -> str:
        """Empty as long as there is a copy to ask. Else with what the copies say of themselves."""
        if any(copy.usable and copy.met for copy in self.copies):
            return ""
        reasons = sorted({copy.reason for copy in self.copies if copy.reason})
        return f"no copy is ready{': ' if reasons else ''}{'; '.join(reasons)}"

    @property
    def met(self) -> bool:
        """Whether each was ready ever."""
        return all(copy.met for copy in self.copies)

    def states(self) -> list[tuple[str, bool, State, int]]:
        """For metrics: url, healthy, breaker, requests in flight."""
        return [(copy.url, copy.healthy, copy.breaker.state, copy.in_flight) for copy in self.copies]

    async def _ask_another(self, tried: Copy, problem: Problem, request: _Request) -> None:
        others = [copy for copy in self.copies if copy is not tried and copy.usable]
        if not others:
            raise problem
        try:
            await self._ask(min(others, key=lambda copy: copy.in_flight), request)
        except _Unanswered as unanswered:
            raise unanswered.problem from None

    def _choose(self) -> Copy:
        """The copy with the fewest requests in flight; among equals each in its turn."""
        turn = next(self._turns) % len(self.copies)
        in_turn = self.copies[turn:] + self.copies[:turn]
        usable = [copy for copy in in_turn if copy.usable]
        if not usable:
            raise self._unreachable()
        return min(usable, key=lambda copy: copy.in_flight)

    async def _ask(self, copy: Copy, request: _Request) -> None:
        copy.breaker.enter()
        copy.in_flight += 1
        try:
            with span(f"{request.scope['method']} {self.service}", "client", copy=copy.url):
                await self._forward(copy, request)
        except BaseException:
            copy.breaker.abandoned()
            raise
        finally:
            copy.in_flight -= 1

    async def _forward(self, copy: Copy, request: _Request) -> None:
        """The answer is opened and closed here, whatever happens in between, so no connection is ever left over."""
        send = request.send
        async with self._answer(copy, request) as answer:
            await send({"type": "http.response.start", "status": answer.status, "headers": _answer_headers(answer)})
            if _short(answer):
                await send({"type": "http.response.body", "body": await answer.read()})
            else:
                await _stream(answer, request.receive, send)

    @asynccontextmanager
    async def _answer(self, copy: Copy, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        scope = request.scope
        method, url, headers = scope["method"], _target(copy, scope), self._request_headers(scope)
        asking = self._session.request(method, url, headers=headers, data=request.body, allow_redirects=False)
        try:
            answer = await _opened(asking)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            copy.breaker.failed()
            raise _Unanswered(self._unreachable(), heard=False) from error
        except TimeoutError as error:
            copy.breaker.failed()
            raise _Unanswered(GatewayTimeout(MAY_HAVE_ACTED), heard=True) from error
        except (aiohttp.ClientError, OSError) as error:
            copy.breaker.failed()
            raise _Unanswered(BadGateway(MAY_HAVE_ACTED), heard=True) from error
        copy.breaker.succeeded()
        async with answer:
            yield answer

    def _unreachable(self) -> Unavailable:
        return Unavailable(f"no copy of the {self.service} service is ready; nothing was done")

    def _request_headers(self, scope: Scope) -> list[tuple[str, str]]:
        headers = [header for header in scope["headers"] if header[0] not in _OF_THE_CONNECTION]
        if self._seal is not None:
            headers.append(self._seal.header(scope))
        traceparent = current_traceparent()
        if traceparent:
            headers = [header for header in headers if header[0] != b"traceparent"]
            headers.append((b"traceparent", traceparent.encode()))
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]

    async def _check(self, copy: Copy) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=HEALTH_SECONDS_MAX)
            async with self._session.get(copy.url + HEALTH_PATH, timeout=timeout, allow_redirects=False) as answer:
                ready = answer.status == 200
                copy.heard(ready, "" if ready else await _reason(answer))
        except (aiohttp.ClientError, OSError, TimeoutError):
            copy.heard(False, "gives no answer")


async def _reason(answer: aiohttp.ClientResponse) -> str:
    """What a copy says that keeps it from being ready: the detail of its problem."""
    try:
        said = msgspec.json.decode(await answer.read() if _short(answer) else b"", type=_Problem).detail
    except msgspec.MsgspecError:
        return f"answers {answer.status}"
    return "".join(character for character in said if character.isprintable())[:REASON_LENGTH_MAX]


class _Problem(msgspec.Struct):
    detail: str


async def _opened(request: Awaitable[aiohttp.ClientResponse]) -> aiohttp.ClientResponse:
    """A short answer is read here: should it break off, another copy can still be asked."""
    answer = await request
    if _short(answer):
        try:
            await answer.read()
        except BaseException:
            answer.close()
            raise
    return answer


def _short(answer: aiohttp.ClientResponse) -> bool:
    return answer.content_length is not None and answer.content_length <= WHOLE_BYTES_MAX


async def _stream(answer: aiohttp.ClientResponse, receive: Receive, send: Send) -> None:
    """Passes pieces on as they come. When the client leaves, the copy's connection is closed at once instead of being
    read to the end for nobody."""
    watch = asyncio.ensure_future(_left(receive))
    watch.add_done_callback(lambda _: answer.close())
    try:
        while piece := await answer.content.readany():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except aiohttp.ClientError:
        if not watch.done():
            raise
    finally:
        watch.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _target(copy: Copy, scope: Scope) -> URL:
    query: bytes = scope["query_string"]
    raw: bytes = scope["raw_path"]
    return URL(copy.url + raw.decode("ascii") + (f"?{query.decode('latin-1')}" if query else ""), encoded=True)


def _answer_headers(answer: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    named = {token.strip().lower().encode() for token in answer.headers.get("Connection", "").split(",")}
    lower = [(name.lower(), value) for name, value in answer.raw_headers]
    return [header for header in lower if not hop_by_hop(header[0]) and header[0] not in named]
