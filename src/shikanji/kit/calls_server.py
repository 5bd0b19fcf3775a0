"""Where calls from other processes come in: an ASGI app that hands them to the handlers of the services here."""

from collections.abc import Iterable
from typing import Any

import msgspec

from shikanji.kit.asgi import Receive, Scope, Send
from shikanji.kit.calls import Answers, Call
from shikanji.kit.calls_credential import Gatekeeper
from shikanji.kit.calls_http import CAUSATION_HEADER, PATH, REQUEST_HEADER, TIMEOUT_SECONDS, TRACE_HEADER
from shikanji.kit.calls_local import answer
from shikanji.kit.context import bind
from shikanji.kit.deadlines import Deadlines
from shikanji.kit.errors import NotFound, Problem, Unavailable
from shikanji.kit.service import Room
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.web.body import read_body
from shikanji.kit.web.envelope import JSON, Response, problem_response
from shikanji.kit.web.headers import Headers

BODY_BYTES_MAX = 4 << 20

_log = logger("calls")


class CallsApp:
    """`POST /internal/calls/{name}`, for the platform's own processes only: the gateway does not lead here."""

    def __init__(
        self,
        services: Iterable[tuple[Room, Answers]],
        gatekeeper: Gatekeeper,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._answers = {name: (room, answers) for room, answers in services for name in answers.handlers}
        self._gatekeeper = gatekeeper
        self._timeout_seconds = timeout_seconds
        self._deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope["headers"])
        correlation_id = headers.get(REQUEST_HEADER, "")
        try:
            raw = await read_body(receive, headers, BODY_BYTES_MAX)
            if raw is None:
                return
            if scope["method"] != "POST":
                raise NotFound
            self._gatekeeper.check(scope["path"], raw, headers)
            with bind(correlation_id, headers.get(CAUSATION_HEADER, ""), headers.get(TRACE_HEADER, "")):
                response = Response(200, [JSON], msgspec.json.encode(await self._answer(scope["path"], raw)))
        except Problem as problem:
            response = problem_response(problem, correlation_id)
        response.headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, path: str, raw: bytes) -> Any:
        name = path.removeprefix(PATH)
        here = self._answers.get(name)
        if here is None:
            raise Unavailable(f"nobody here answers {name}")
        room, answers = here
        try:
            call: Call[Any] = msgspec.json.decode(raw, type=answers.kinds[name])
        except (msgspec.DecodeError, UnicodeDecodeError):
            _log.error("call not understood", service=room.name, call=name)
            raise Unavailable(f"{room.name} did not understand {name}") from None
        return await answer(room, answers, call, self._deadlines.within(self._timeout_seconds))
