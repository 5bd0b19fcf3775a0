"""Asking another service: one suite for services in the same process and in others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
import msgspec
import pytest
from structlog.testing import capture_logs

from shikanji.kit import context
from shikanji.kit.calls import Answers, Call, Calls
from shikanji.kit.calls_credential import GOOD_FOR, INSTANCE, NONCE, SIGNATURE, TIMESTAMP, Gatekeeper, Refused, sign
from shikanji.kit.calls_http import HttpCalls
from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.calls_server import CallsApp
from shikanji.kit.clock import SECOND, ManualClock
from shikanji.kit.errors import Conflict, FieldError, Problem, RemoteProblem, Unauthorized, Unavailable
from shikanji.kit.service import Room
from tests.kit.web.edge import Client, make_teashop
from tests.serving import free_port, serving

NOON = 1_795_000_000 * SECOND
KEY = bytes(32)


class Brewed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    cup_count: int
    asked_under: tuple[str, str]


class Brew(Call[Brewed], frozen=True, kw_only=True):
    service: ClassVar[str] = "kitchen"
    returns: ClassVar[type] = Brewed
    tea_name: str
    cups: list[int] = msgspec.field(default_factory=list)


class Rest(Call[Brewed], frozen=True, kw_only=True):
    """Nobody answers this."""

    service: ClassVar[str] = "kitchen"
    returns: ClassVar[type] = Brewed


class AskHall(Call[Brewed], frozen=True, kw_only=True):
    service: ClassVar[str] = "hall"
    returns: ClassVar[type] = Brewed


class OutOfMilk(Conflict):
    type, title = "out-of-milk", "There is no milk left"


answers = Answers()


@answers.to(Brew)
async def brew(room: Room, call: Brew) -> Brewed:
    match call.tea_name:
        case "milky":
            errors = [FieldError("items[0]", "no milk")]
            raise OutOfMilk("the cow is away", errors=errors, retry_after_seconds=9)
        case "secret":
            raise Unauthorized("not with this account")
        case "burnt":
            raise ZeroDivisionError("boiling over")
        case "closed":
            raise Unavailable("closing time", retry_after_seconds=60)
        case "slow":
            await asyncio.Event().wait()
    origin = context.current()
    return Brewed(cup_count=sum(call.cups), asked_under=(origin.correlation_id, origin.causation_id))


@asynccontextmanager
async def local_calls() -> AsyncIterator[Calls]:
    calls = LocalCalls(timeout_seconds=0.2)
    calls.add(make_teashop("kitchen"), answers)
    yield calls


@asynccontextmanager
async def http_calls() -> AsyncIterator[Calls]:
    clock = ManualClock(NOON)
    app = CallsApp([(make_teashop("kitchen"), answers)], Gatekeeper(KEY, clock), timeout_seconds=0.4)
    async with serving(app) as url, aiohttp.ClientSession() as http:
        addresses = {"kitchen": [f"http://127.0.0.1:{free_port()}", url]}
        yield HttpCalls(http, lambda service: addresses.get(service, []), KEY, clock, timeout_seconds=0.5)


@pytest.fixture(params=[local_calls, http_calls])
async def calls(request: pytest.FixtureRequest) -> AsyncIterator[Calls]:
    open_calls: Callable[[], Any] = request.param
    async with open_calls() as opened:
        yield opened


async def test_a_question_is_answered(calls: Calls) -> None:
    with context.bind("request-1", "event-1"):
        reply = await calls.ask(Brew(tea_name="masala", cups=[1, 2]))

    assert reply == Brewed(cup_count=3, asked_under=("request-1", "event-1"))


async def test_of_many_first_questions_at_once_each_is_answered(calls: Calls) -> None:
    replies = await asyncio.gather(*(calls.ask(Brew(tea_name="masala", cups=[cups])) for cups in range(8)))

    assert [reply.cup_count for reply in replies] == list(range(8))


async def test_a_refusal_arrives_with_everything_but_its_class(calls: Calls) -> None:
    with pytest.raises(RemoteProblem) as refusal:
        await calls.ask(Brew(tea_name="milky"))

    problem = refusal.value
    assert (problem.status, problem.type, problem.title) == (409, "out-of-milk", "There is no milk left")
    assert problem.detail == "the cow is away"
    assert problem.errors == (FieldError("items[0]", "no milk"),)
    assert problem.retry_after_seconds == 9


async def test_a_refusal_of_the_caller_is_not_taken_for_a_bad_credential(calls: Calls) -> None:
    with pytest.raises(RemoteProblem) as refusal:
        await calls.ask(Brew(tea_name="secret"))

    assert (refusal.value.status, refusal.value.type) == (401, "unauthorized")


async def test_who_is_unavailable_says_for_how_long(calls: Calls) -> None:
    with pytest.raises(Unavailable) as refusal:
        await calls.ask(Brew(tea_name="closed"))

    assert (refusal.value.detail, refusal.value.retry_after_seconds) == ("closing time", 60)


async def test_a_fault_of_the_other_side_is_logged_there_and_unavailable_here(calls: Calls) -> None:
    with capture_logs() as logs, pytest.raises(Unavailable) as refusal:
        await calls.ask(Brew(tea_name="burnt"))

    assert "boiling" not in refusal.value.detail
    assert [(entry["event"], entry["call"]) for entry in logs] == [("call failed", "Brew")]


async def test_no_answer_in_time_is_unavailable(calls: Calls) -> None:
    with pytest.raises(Unavailable):
        await calls.ask(Brew(tea_name="slow"))


@pytest.mark.parametrize("question", [Rest(), AskHall()])
async def test_a_question_that_nobody_answers_is_unavailable(calls: Calls, question: Call[Brewed]) -> None:
    with pytest.raises(Unavailable):
        await calls.ask(question)


async def test_local_calls_hand_other_services_on() -> None:
    async with http_calls() as elsewhere:
        calls = LocalCalls(elsewhere=elsewhere)

        assert (await calls.ask(Brew(tea_name="masala", cups=[4]))).cup_count == 4


async def test_a_question_is_answered_in_one_way_only() -> None:
    with pytest.raises(ValueError, match="Brew is answered already"):
        answers.to(Brew)(brew)


async def test_a_copy_that_cannot_be_reached_rests_after_some_failures() -> None:
    clock = ManualClock(NOON)
    closed = f"http://127.0.0.1:{free_port()}"
    async with aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [closed], KEY, clock)
        for _ in range(10):
            with pytest.raises(Unavailable):
                await calls.ask(Brew(tea_name="masala"))

    assert not calls._breakers[closed].admits


async def test_another_secret_is_refused_and_said_in_the_log() -> None:
    clock = ManualClock(NOON)
    app = CallsApp([(make_teashop("kitchen"), answers)], Gatekeeper(b"another".ljust(32), clock))
    async with serving(app) as url, aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [url], KEY, clock)

        with capture_logs() as logs, pytest.raises(Unavailable):
            await calls.ask(Brew(tea_name="masala"))

    assert "same secret" in logs[0]["event"]


async def test_an_answer_that_makes_no_sense_is_unavailable() -> None:
    async def nonsense(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"tea"})

    async with serving(nonsense) as url, aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [url], KEY, ManualClock(NOON))

        with capture_logs(), pytest.raises(Unavailable):
            await calls.ask(Brew(tea_name="masala"))


async def test_a_question_that_broke_off_is_asked_of_one_other_copy() -> None:
    heard: list[str] = []

    async def breaks_off(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})

    async with serving(breaks_off) as one, serving(breaks_off) as other, aiohttp.ClientSession() as http:
        for copies in ([one], [one, other], [one, other, one]):
            calls = HttpCalls(http, lambda _, copies=copies: copies, KEY, ManualClock(NOON))  # type: ignore[misc]
            heard.clear()

            with pytest.raises(Unavailable):
                await calls.ask(Brew(tea_name="masala"))

            assert heard == [PATH, PATH]


async def test_a_copy_that_hung_up_on_an_idle_connection_is_asked_anew() -> None:
    clock = ManualClock(NOON)
    app = CallsApp([(make_teashop("kitchen"), answers)], Gatekeeper(KEY, clock))
    answered = 0

    async def hangs_up(scope: Any, receive: Any, send: Any) -> None:
        nonlocal answered
        answered += 1
        if answered == 3:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        else:
            await app(scope, receive, send)

    async with serving(hangs_up) as url, aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [url], KEY, clock)
        replies = [await calls.ask(Brew(tea_name="masala", cups=[cups])) for cups in (1, 2)]

    assert [reply.cup_count for reply in replies] == [1, 2]


async def test_the_next_start_of_a_copy_is_met_without_a_failure() -> None:
    clock = ManualClock(NOON)
    kitchen = [(make_teashop("kitchen"), answers)]
    starts = [CallsApp(kitchen, Gatekeeper(KEY, clock)) for _ in range(2)]

    async def running(scope: Any, receive: Any, send: Any) -> None:
        await starts[0](scope, receive, send)

    async with serving(running) as url, aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [url], KEY, clock)
        await calls.ask(Brew(tea_name="masala"))
        starts.pop(0)

        assert (await calls.ask(Brew(tea_name="masala", cups=[4]))).cup_count == 4


async def test_a_caller_that_gives_up_says_nothing_about_the_copy() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await receive()
        await receive()

    asked = asyncio.Event()
    async with serving(silent) as url, aiohttp.ClientSession() as http:
        calls = HttpCalls(http, lambda _: [url], KEY, ManualClock(NOON))
        with context.bind("request-1", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"):
            asking = asyncio.create_task(calls.ask(Brew(tea_name="masala")))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    assert calls._breakers[url].admits


PATH, BODY = "/internal/calls/Brew", b'{"teaName":"masala"}'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def gatekeeper(clock: ManualClock) -> Gatekeeper:
    return Gatekeeper(KEY, clock)


def test_a_signed_call_is_let_in_once(gatekeeper: Gatekeeper) -> None:
    headers = signed(gatekeeper, nonce="n1")

    gatekeeper.check(PATH, BODY, headers)

    with pytest.raises(Refused):
        gatekeeper.check(PATH, BODY, headers)
    gatekeeper.check(PATH, BODY, signed(gatekeeper, nonce="n2"))


@pytest.mark.parametrize(
    ("path", "body", "changes"),
    [
        pytest.param(PATH, BODY, {"key": b"x" * 32}, id="another key"),
        pytest.param(PATH, b"{}", {}, id="another body"),
        pytest.param("/internal/calls/Rest", BODY, {}, id="another call"),
        pytest.param(PATH, BODY, {"now": NOON - GOOD_FOR - 1}, id="too old"),
        pytest.param(PATH, BODY, {"now": NOON + GOOD_FOR + 1}, id="from the future"),
        pytest.param(PATH, BODY, {"instance": "another"}, id="meant for another copy"),
    ],
)
def test_a_call_that_is_not_signed_for_this_is_refused(
    gatekeeper: Gatekeeper, path: str, body: bytes, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        gatekeeper.check(path, body, signed(gatekeeper, **changes))


@pytest.mark.parametrize(
    "forged", [{NONCE: "m"}, {TIMESTAMP: str(NOON + 1)}, {SIGNATURE: "é"}, {SIGNATURE: ""}, {INSTANCE: ""}], ids=str
)
def test_a_call_of_which_a_header_was_changed_is_refused(gatekeeper: Gatekeeper, forged: dict[str, str]) -> None:
    with pytest.raises(Refused):
        gatekeeper.check(PATH, BODY, signed(gatekeeper) | forged)
    with pytest.raises(Refused):
        gatekeeper.check(PATH, BODY, {})


def test_a_call_that_one_start_has_let_in_opens_no_other(gatekeeper: Gatekeeper, clock: ManualClock) -> None:
    headers = signed(gatekeeper)
    gatekeeper.check(PATH, BODY, headers)

    with pytest.raises(Refused) as refusal:
        Gatekeeper(KEY, clock).check(PATH, BODY, headers)

    assert refusal.value.headers


def test_only_who_signs_learns_which_process_it_is(gatekeeper: Gatekeeper) -> None:
    with pytest.raises(Refused) as stranger:
        gatekeeper.check(PATH, BODY, {INSTANCE: ""})
    with pytest.raises(Refused) as ours:
        gatekeeper.check(PATH, BODY, signed(gatekeeper, instance=""))

    assert (stranger.value.headers, ours.value.headers) == ({}, {INSTANCE: gatekeeper.instance})


def signed(gatekeeper: Gatekeeper, **changes: Any) -> dict[str, str]:
    given = {"key": KEY, "now": NOON, "nonce": "n", "instance": gatekeeper.instance, **changes}
    return sign(path=PATH, body=BODY, **given)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_call_cannot_be_replayed_at_any_time(gatekeeper: Gatekeeper, clock: ManualClock, steps: int) -> None:
    headers = signed(gatekeeper, now=NOON + GOOD_FOR)
    gatekeeper.check(PATH, BODY, headers)

    for step in range(20 * steps):
        clock.advance(GOOD_FOR // steps)
        gatekeeper.check(PATH, BODY, signed(gatekeeper, now=clock.now(), nonce=f"other {step}"))
        with pytest.raises(Refused):
            gatekeeper.check(PATH, BODY, headers)


def endpoint(gatekeeper: Gatekeeper | None = None) -> Client:
    return Client(CallsApp([(make_teashop("kitchen"), answers)], gatekeeper or Gatekeeper(KEY, ManualClock(NOON))))


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("GET", {}, 404), ("POST", {}, 401), ("POST", {"content-length": str(5 << 20)}, 413)],
)
async def test_the_endpoint_answers_strangers_with_a_problem(method: str, headers: dict[str, str], status: int) -> None:
    answer = await endpoint().ask(method, PATH, BODY, headers=headers)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_the_endpoint_says_nothing_to_a_client_that_left() -> None:
    assert (await endpoint().ask("POST", PATH, BODY, hang_up=True)).status == 0


@pytest.mark.parametrize(("path", "body"), [("/internal/calls/Rest", b"{}"), (PATH, b"{"), (PATH, b'{"teaName": 1}')])
async def test_a_call_that_is_not_understood_is_unavailable(path: str, body: bytes) -> None:
    gatekeeper = Gatekeeper(KEY, ManualClock(NOON))
    headers = sign(KEY, path, body, now=NOON, nonce="n", instance=gatekeeper.instance)
    with capture_logs():
        answer = await endpoint(gatekeeper).ask("POST", path, body, headers=headers)

    assert answer.status == 503


def test_a_problem_keeps_its_words_on_the_way() -> None:
    problem = Problem("why", errors=[FieldError("a", "b")], retry_after_seconds=3)

    remote = RemoteProblem.of(problem)

    assert (remote.status, remote.type, remote.detail, remote.errors) == (500, "internal-error", "why", problem.errors)
