"""Invoices as PDF: each another document, set when somebody asks for it."""

from bench.load import Result, closed_loop
from bench.process import Running
from bench.report import Row
from bench.shop import DEMO_PASSWORD, Shop

PRINTED = 80
WARMING = 20
CPU_MS_MAX = 20
LANGUAGES = ("en", "hi")


async def rows(platform: Running, shop: Shop) -> list[Row]:
    """The platform's CPU for each, all told: asking for it and what little else goes on is in it."""
    token = (await shop.sign_in("manager.mgroad@demo.test", DEMO_PASSWORD))["accessToken"]
    listed = await shop.http.get(f"/api/v1/payments/invoices?storeId={shop.store_id}&limit={PRINTED + WARMING}", token)
    invoices = [invoice["id"] for invoice in listed.data]
    found = []
    for language in LANGUAGES:
        await _print(shop, token, invoices[:WARMING], language)
        before = platform.cpu_seconds()
        await _print(shop, token, invoices[WARMING:], language)
        spent_ms = (platform.cpu_seconds() - before) * 1_000 / len(invoices[WARMING:])
        found.append(Row(f"CPU of an invoice's PDF ({language})", spent_ms, "ms", CPU_MS_MAX, 10, more_is_better=False))
    return found


async def _print(shop: Shop, token: str, invoices: list[str], language: str) -> Result:
    """One after another. Raises RuntimeError where one is refused."""

    async def request(number: int) -> int:
        path = f"/api/v1/payments/invoices/{invoices[number]}?language={language}"
        return (await shop.http.get(path, token)).status

    printed = await closed_loop(request, clients=1, requests=len(invoices))
    if printed.good < len(invoices):
        raise RuntimeError(f"printing answered {printed.statuses}")
    return printed
