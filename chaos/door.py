"""How clients knock at a platform that dies again and again: until they have an answer, with the same key."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.http import Answer, Http
from bench.shop import DEMO_PASSWORD
from chaos.log import Act, Log

ANSWER_SECONDS_MAX = 25
PATIENCE_SECONDS = 600
AGAIN = frozenset({429, 502, 503, 504})
"""Answers that say nothing of what was done: the same request is sent again."""


class NeverAnswered(Exception):
    """Nobody may be kept waiting so long."""


@dataclass
class Person:
    """Who signs in again when a token has become too old."""

    identifier: str
    token: str = ""


@dataclass
class Door:
    http: Http
    log: Log
    chance: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    faults: list[str] = field(default_factory=list)
    """Answers that no fault of an engine excuses."""

    async def ask(
        self, act: Act, subject: str, who: Person | None, request: "Request", facts: Mapping[str, Any]
    ) -> Answer:
        number = await self.log.asks(act, subject, **facts)
        answer = await self.until_answered(who, request)
        await self.log.answered(number, act, subject, answer.status, **_facts(answer))
        return answer

    async def ask_once(self, act: Act, subject: str, who: Person, request: "Request") -> Answer | None:
        """None: it broke, and this client does not come back to find out."""
        number = await self.log.asks(act, subject)
        answer = await self._try(who, request)
        if answer is None or answer.status in AGAIN:
            return None
        await self.log.answered(number, act, subject, answer.status, **_facts(answer))
        return answer

    async def until_answered(self, who: Person | None, request: "Request") -> Answer:
        """Raises NeverAnswered."""
        loop = asyncio.get_running_loop()
        give_up, pause = loop.time() + PATIENCE_SECONDS, 0.05
        while True:
            answer = await self._try(who, request)
            if answer is not None and answer.status == 401 and who is not None:
                await self.sign_in(who)
            elif answer is not None and not _comes_later(answer):
                return answer
            if loop.time() > give_up:
                self.faults.append(f"{request}: no answer in {PATIENCE_SECONDS} s, last {answer}")
                raise NeverAnswered(str(request))
            await asyncio.sleep(pause * (0.5 + self.chance.random()))
            pause = min(pause * 1.5, 1.0)

    async def sign_in(self, who: Person) -> None:
        credentials = {"identifier": who.identifier, "password": DEMO_PASSWORD}
        answer = await self.until_answered(None, Request("POST", "/api/v1/auth/login", credentials))
        who.token = answer.data["accessToken"]

    async def _try(self, who: Person | None, request: "Request") -> Answer | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answer = await self._send(who.token if who else "", request)
        except (OSError, TimeoutError):
            self.unanswered += 1
            return None
        self.statuses[answer.status] += 1
        if answer.status == 500:
            self.faults.append(f"{request}: {answer.body.decode(errors='replace')[:300]}")
        return answer

    async def _send(self, token: str, request: "Request") -> Answer:
        if request.method == "GET":
            return await self.http.get(request.path, token)
        return await self.http.send(request.method, request.path, request.body, token=token, key=request.key)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any = None
    key: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class _Facts(msgspec.Struct):
    id: str | None = None
    status: str | None = None


class _Envelope(msgspec.Struct):
    data: _Facts


class _Problem(msgspec.Struct):
    type: str = ""


def _facts(answer: Answer) -> dict[str, str]:
    """The id and the state of what was answered about, as far as it says so."""
    if not 200 <= answer.status < 300:
        return {"problem": _problem(answer)}
    found = msgspec.json.decode(answer.body, type=_Envelope).data
    return {name: value for name, value in (("id", found.id), ("state", found.status)) if value is not None}


def _problem(answer: Answer) -> str:
    return msgspec.json.decode(answer.body, type=_Problem).type.rpartition(":")[2]


def _comes_later(answer: Answer) -> bool:
    return answer.status in AGAIN or answer.status == 500 or (answer.status == 409 and "in-flight" in _problem(answer))
