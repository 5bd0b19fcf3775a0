"""Troubles of the payment company: slow, dead, or it takes the money and nobody learns of it."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import aiohttp

from shikanji.kit.secrets import DerivedSecrets
from shikanji.sandbox.model import FaultKind, Operation
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import key_secret
from tests.harness import SECRET, Client

TROUBLES: dict[str, list[tuple[FaultKind, Operation]]] = {
    "company slow": [("slow", "create-order"), ("slow", "fetch-order"), ("slow", "create-refund")],
    "company dead": [("dead", "create-order"), ("dead", "fetch-order"), ("dead", "create-refund")],
    "company takes the money and resets": [("reset", "checkout")],
    "company does it and resets": [("reset", "create-order"), ("reset", "create-refund")],
    "refund takes its time": [("pend", "create-refund")],
}
COUNT_MAX = 3
OFTEN_SHARE = 0.7
UNUSED: Operation = "fetch-payment"
SLOW_SECONDS_MAX = 7
"""Longer than it is waited for."""


@dataclass
class Company:
    http: aiohttp.ClientSession
    url: str
    chance: Random
    fired: Counter[str] = field(default_factory=Counter)
    _planned: dict[Operation, tuple[str, int]] = field(default_factory=dict)

    async def trouble(self, name: str) -> None:
        """Plans it for one of its operations. One that has a plan already meets that first."""
        free = [(kind, operation) for kind, operation in TROUBLES[name] if operation not in self._planned]
        if not free:
            return
        # The first of each is asked for often; refunds are few, and one plan of theirs keeps the next waiting.
        kind, operation = free[0] if self.chance.random() < OFTEN_SHARE else self.chance.choice(free)
        count = 1 if operation == "create-refund" else self.chance.randint(1, COUNT_MAX)
        await self._plan(kind, operation, count, self.chance.randint(1, SLOW_SECONDS_MAX))
        self._planned[operation] = (name, count)

    async def look(self) -> None:
        """Counts what has come of the plans; by planning something for an operation that nobody uses."""
        await self._plan("slow", UNUSED, 1, 0)

    async def heal(self) -> None:
        """Everything works again."""
        answer = await self._client().delete("/sandbox/faults", headers=self._credentials(), key=None)
        if answer.status >= 300:
            raise aiohttp.ClientError(f"healing answered {answer.status}")

    async def _plan(self, kind: FaultKind, operation: Operation, count: int, delay_seconds: int) -> None:
        body = {"operation": operation, "kind": kind, "count": count, "delaySeconds": delay_seconds}
        answer = await self._client().put("/sandbox/faults", body, headers=self._credentials(), key=None)
        if answer.status != 200:
            raise aiohttp.ClientError(f"planning answered {answer.status}")
        left = {fault["operation"]: fault["remaining"] for fault in answer.data}
        for each, (name, planned) in list(self._planned.items()):
            if each != operation:
                self._count(each, name, planned, left.get(each, 0))

    def _count(self, operation: Operation, name: str, planned: int, left: int) -> None:
        self.fired[name] += planned - left
        self._planned[operation] = (name, left)
        if not left:
            del self._planned[operation]

    def _client(self) -> Client:
        return Client(self.http, self.url)

    def _credentials(self) -> dict[str, str]:
        secret = key_secret(SandboxSettings(), DerivedSecrets(SECRET.encode())).decode()
        return {"X-Client-Id": SandboxSettings().key_id, "X-Client-Secret": secret}
