"""Every engine, and the payment company, behind a link that can be bad."""

import random
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

from chaos.proxy import Proxy

LATENCY_SECONDS_MAX = 0.1


class Links:
    """`troubles` are what can be done to one of them, for as long as the storm lets it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._proxies: dict[str, Proxy] = {}
        self.troubles: Mapping[str, Callable[[Proxy], None]] = {
            "link slow": self._slow,
            "link cut": Proxy.cut,
            "link reset": Proxy.reset,
            "link a black hole": Proxy.swallow,
            "link half open": Proxy.halve,
        }

    async def through(self, urls: Mapping[str, str]) -> dict[str, str]:
        """The same URLs, each by a link of its own."""
        return {setting: await self._through(setting, url) for setting, url in urls.items()}

    async def through_copies(self, copies: Mapping[str, list[str]]) -> str:
        """As SHIKANJI_COPIES lists them. Those that were listed before are gone."""
        listed = []
        for service, urls in copies.items():
            there = [await self._through(f"{service} {number}", url) for number, url in enumerate(urls)]
            listed.append(f"{service}={','.join(there)}")
        return ";".join(listed)

    def any(self) -> Proxy:
        return self._chance.choice(list(self._proxies.values()))

    def heal(self) -> None:
        for proxy in self._proxies.values():
            proxy.heal()

    async def stop(self) -> None:
        for proxy in self._proxies.values():
            await proxy.stop()

    def _slow(self, proxy: Proxy) -> None:
        proxy.latency_seconds = self._chance.random() * LATENCY_SECONDS_MAX

    async def _through(self, setting: str, url: str) -> str:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        if setting in self._proxies:
            await self._proxies[setting].stop()
        proxy = self._proxies[setting] = Proxy(parts.hostname, parts.port)
        await proxy.start()
        credentials = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials[0]}{credentials[1]}127.0.0.1:{proxy.port}"))
