"""The cells of one row, asked over HTTP."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tests.fuzz.state import changed, state
from tests.harness import Response, Shop
from tests.house.matrix import ELSEWHERE, ENDED, PRINCIPALS, Row, cells
from tests.house.other_words import RECIPES
from tests.house.people import People
from tests.house.requests import Ask

STRANGERS = ("anonymous", "customer", *ELSEWHERE, *ENDED, "internal")


async def differences(people: People, name: str, row: Row) -> list[str]:
    """What is answered otherwise than the row says, and what was changed or told all the same."""
    expected, asked = cells(row), await RECIPES[name](people)
    refused = [principal for principal in PRINCIPALS if expected[principal] != "allow"]
    found = []

    async def refuse() -> list[Response]:
        # A refusal changes nothing: all of them ask for the same thing.
        return await asyncio.gather(*(ask(people, principal, name, asked) for principal in refused))

    before = files(people)
    heard = dict(zip(refused, await refuse(), strict=True))
    if files(people) != before:
        rows = await state(people.operator)
        await refuse()
        found += [f"{name}: a refusal changed {table}" for table in changed(rows, await state(people.operator))]
    for principal in PRINCIPALS:
        if principal not in heard:
            asked = asked if name.startswith("GET") else await RECIPES[name](people)
            heard[principal] = await ask(people, principal, name, asked)
        if wrong := misfit(heard[principal], expected[principal], asked):
            found.append(f"{name} as {principal}: {wrong}")
    return [*found, *told(people, name, asked, heard)]


def told(people: People, name: str, asked: Ask, heard: Mapping[str, Response]) -> Iterator[str]:
    """What strangers hear of this store's business."""
    if " /sandbox/checkout" in name:
        # The payment company shows its checkout to whoever knows the address.
        return
    hidden = {people.things[each] for each in asked.hidden}
    for principal in STRANGERS:
        secrets = people.secrets(principal) | (hidden if principal in ELSEWHERE else set())
        if spoken := said(heard[principal], secrets):
            yield f"{name} tells {principal} of {spoken}"
    if hidden and not said(heard["admin"], people.secrets("admin") | hidden):
        yield f"{name} has nothing in it that could be told"


async def ask(people: People, principal: str, name: str, asked: Ask) -> Response:
    answer = await people.ask(principal, name.split()[0], asked.path, asked.body)
    if asked.ends_session and answer.status < 300:
        people.forget(principal)
    return answer


def misfit(answer: Response, expected: str | int, asked: Ask) -> str:
    allowed = 200 <= answer.status < 300 or answer.status in asked.refused
    if allowed if expected == "allow" else answer.status == expected:
        return ""
    return f"{expected} expected, {answer.status} answered: {answer.body}"


def files(people: People) -> dict[Path, tuple[int, int]]:
    """Size and time of all databases where nothing happens behind the requests: whoever writes, shows here."""
    if not isinstance(people.shop, Shop):
        return {}
    found = people.shop.folder.glob("*.db*")
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found if not path.name.endswith("-shm")}


def said(answer: Response, words: set[str]) -> set[str]:
    """Which of them stand in it."""
    text = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return {word for word in words if word.encode() in text}
