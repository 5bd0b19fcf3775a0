"""Push messages to apps through Firebase: HTTP v1, with a token for which we sign ourselves."""

import asyncio

import aiohttp

from shikanji.kit.clock import SECOND, Clock
from shikanji.services.notification.channels.asking import Answer, ask, refusal
from shikanji.services.notification.channels.port import Letter
from shikanji.services.notification.channels.push_text import fitting
from shikanji.services.notification.errors import Gone, OutcomeUnknown, TryLater

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 3_600


class Fcm:
    """Lives for one batch of messages, and its access token with it."""

    name = "fcm"

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        url: str,
        token_url: str,
        project: str,
        client_email: str,
        private_key: str,
        clock: Clock,
        seconds: int,
    ) -> None:
        self._http, self._clock, self._seconds = http, clock, seconds
        self._url, self._token_url = f"{url}/v1/projects/{project}/messages:send", f"{token_url}/token"
        self._client_email, self._private_key = client_email, private_key
        self._token: asyncio.Task[str] | None = None

    async def post(self, letter: Letter) -> str | None:
        token = await self._bought_token()
        message = {
            "token": letter.to,
            "notification": {"title": letter.title, "body": fitting(letter)},
            "data": {"kind": letter.kind, "id": letter.key},
            "android": {"priority": "HIGH" if letter.urgent else "NORMAL", "collapse_key": letter.key},
        }
        headers = {"Authorization": f"Bearer {token}"}
        answer = await ask(self._http, self._url, seconds=self._seconds, headers=headers, json={"message": message})
        if answer.status == 200:
            said = answer.json()
            return str(said.get("name", "")) or None if isinstance(said, dict) else None
        if _code(answer) == "UNREGISTERED":
            raise Gone
        raise refusal(answer, _code(answer))

    async def _bought_token(self) -> str:
        """Fetched once, also for those who want it at the same moment; whom it failed, it fails them all."""
        if self._token is None:
            self._token = asyncio.create_task(self._fetch_token())
        return await asyncio.shield(self._token)

    async def _fetch_token(self) -> str:
        """Whatever goes wrong here, nothing was sent."""
        form = {"grant_type": GRANT, "assertion": self._assertion()}
        try:
            answer = await ask(self._http, self._token_url, seconds=self._seconds, data=form)
        except OutcomeUnknown as lost:
            raise TryLater(f"no access token: {lost}") from lost
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict) or not isinstance(said.get("access_token"), str):
            raise TryLater(f"no access token: answered {answer.status}")
        return str(said["access_token"])

    def _assertion(self) -> str:
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        now = self._clock.now() // SECOND
        claims = {
            "iss": self._client_email,
            "scope": SCOPE,
            "aud": self._token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        key = RSAKey.import_key(self._private_key)
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key, algorithms=["RS256"])


def _code(answer: Answer) -> str:
    """`UNREGISTERED`, `QUOTA_EXCEEDED`, … as FCM says in its details."""
    said = answer.json()
    error = said.get("error") if isinstance(said, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("errorCode"), str):
            return str(detail["errorCode"])
    return ""
