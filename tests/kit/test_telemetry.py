"""Logs that keep secrets, and traces that cost nothing when nobody wants them."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import aiohttp
import msgspec
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shikanji.kit.asgi import Receive, Scope, Send
from shikanji.kit.calls import Answers, Call
from shikanji.kit.calls_http import HttpCalls
from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.clock import ManualClock
from shikanji.kit.context import bind, current, current_causation, current_correlation
from shikanji.kit.service import Room
from shikanji.kit.telemetry import logs, metrics, traces
from shikanji.kit.telemetry.redaction import REDACTED, redact, redact_fields
from tests.kit.web.edge import make_teashop
from tests.serving import serving


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "shikanji-demo",
        "482913",
        "asha.rao+tea@example.co.in",
        "+91 98450 12345",
        "+919845012345",
        "9845012345",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "378282246310005",
        "hunter2",
    ],
)
def test_no_secret_and_no_contact_survives_in_text(secret: str) -> None:
    texts = {
        "shikanji-demo": f"password={secret} and more",
        "482913": f"the code is {secret}",
        "hunter2": f"postgresql://shikanji:{secret}@db/orders",
    }
    for text in (
        texts.get(secret, f"refused {secret}, twice"),
        f"Authorization: Bearer {secret}",
        f'"token": "{secret}"',
    ):
        assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 0190b5c0-1234-7123-8123-123456789012 confirmed",
        "ORD-2026-000123 total 8000 paise",
        "answered 409 after 12.5 ms",
        "code=409 status 503",
        "at 2026-11-22T06:30:00.000000Z",
        "1795000000000000 µs",
        "shikanji_order.outbox has 12 rows",
        "http://127.0.0.1:8000/api/v1/orders",
    ],
)
def test_what_is_needed_to_find_a_fault_stays(text: str) -> None:
    assert redact(text) == text


def test_a_field_with_a_secret_name_is_blanked_whatever_it_holds() -> None:
    fields = {
        "refresh_token": "x",
        "newPassword": 12,
        "phone": "a",
        "headers": {"Cookie": "a=b", "Accept": "b"},
        "code": 409,
        "note": ["mail a@b.co", 3, None, b"raw", ValueError("to c@d.co")],
        "empty_token": "",
    }

    assert redact_fields(fields) == {
        "refresh_token": REDACTED,
        "newPassword": REDACTED,
        "phone": REDACTED,
        "headers": {"Cookie": REDACTED, "Accept": "b"},
        "code": 409,
        "note": [f"mail {REDACTED}", 3, None, "[3 bytes]", f"to {REDACTED}"],
        "empty_token": "",
    }


def test_redaction_ends_in_what_contains_itself() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless

    assert REDACTED in json.dumps(redact_fields(endless))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(production=True, stream=stream)
    yield stream
    logs.configure(production=False, level="warning")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_and_knows_its_request(written: io.StringIO) -> None:
    with bind("c-1"):
        logs.logger("order").info("placed", order="o-1", email="a@b.co")

    (line,) = lines(written)
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "part": "order",
        "event": "placed",
        "order": "o-1",
        "email": REDACTED,
        "correlation_id": "c-1",
    }


def test_a_trace_back_is_kept_and_redacted(written: io.StringIO) -> None:
    try:
        raise ValueError("no such account: a@b.co")
    except ValueError:
        logs.logger("order").exception("failed")

    (line,) = lines(written)
    assert "ValueError: no such account: [redacted]" in line["exception"]


def test_other_libraries_say_it_in_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("refused token=%s", "abcdefgh")
    logging.getLogger("uvicorn.error").debug("nobody needs this")

    (line,) = lines(written)
    assert (line["event"], line["logger"], line["level"]) == (f"refused token={REDACTED}", "uvicorn.error", "error")


def test_what_json_cannot_say_is_said_as_text(written: io.StringIO) -> None:
    logs.logger("order").info("odd", value=complex(1, 2), many={1, 2})

    (line,) = lines(written)
    assert line["value"] == "(1+2j)"
    assert sorted(line["many"]) == [1, 2]


class _Request(msgspec.Struct, frozen=True):
    timestamp: str = "2026-11-22T06:30:00.000001Z"
    event: str = "request"
    method: str = "GET"
    route: str = "/api/v1/stores"
    status: int = 200
    ms: float = 1.5
    correlation_id: str = "c-1"


class _Line(msgspec.Struct):
    event: str


def test_many_lines_leave_with_one_write(written: io.StringIO) -> None:
    logs.write_batch([_Line("one"), _Line("two")])

    assert lines(written) == [{"event": "one"}, {"event": "two"}]


def test_a_level_above_info_silences_what_is_below() -> None:
    stream = io.StringIO()
    logs.configure(production=True, level="warning", stream=stream)

    logs.logger("order").info("placed")
    logs.write_batch([_Line("one")])
    logs.logger("order").warning("late")

    assert [line["event"] for line in lines(stream)] == ["late"]


def test_a_log_that_cannot_be_written_fails_nothing() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left on device")

    logs.configure(production=True, stream=Full())

    logs.logger("order").info("placed")
    logs.write_batch([_Line("one")])
    logging.getLogger("uvicorn.error").error("late")


def test_a_terminal_gets_lines_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure(production=False, stream=stream)

    logs.logger("order").info("placed", order="o-1")
    logs.write_batch([_Line("answered")])

    assert "placed" in stream.getvalue()
    assert "answered" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_on_a_terminal_a_request_is_one_short_line_and_a_fault_has_its_id() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure(production=False, stream=stream)

    logs.write_batch([_Request(), _Request(status=503)])

    assert stream.getvalue().splitlines() == [
        "06:30:00 200 GET /api/v1/stores 1.5 ms",
        "06:30:00 503 GET /api/v1/stores 1.5 ms c-1",
    ]


def test_the_context_is_bound_for_a_while_and_nests() -> None:
    assert (current_correlation(), current_causation()) == ("", "")
    with bind("c-1"):
        assert (current_correlation(), current_causation()) == ("c-1", "c-1")
        with bind("c-1", "e-1", "tp"):
            assert current() == ("c-1", "e-1", "tp")
        assert current_causation() == "c-1"
    assert current_correlation() == ""


def test_metrics_tell_about_the_process() -> None:
    text = metrics.render(metrics.new_registry()).decode()

    assert "process_cpu_seconds_total" in text
    assert "python_gc_objects_collected_total" in text


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX: y", False),
        ("", False),
    ],
)
def test_only_a_w3c_trace_context_is_one(given: str, valid: bool) -> None:
    assert traces.valid_traceparent(given) == (given if valid else "")


def test_without_a_collector_a_span_is_nothing() -> None:
    with traces.span("call store.AskServingTerms", "client") as span:
        assert span is None
        assert traces.current_traceparent() == ""
    assert not traces.tracing()


def flush() -> None:
    """Spans leave in batches: ending the tracing sends the last one."""
    tracing = traces._tracing
    assert tracing is not None
    tracing.stop()


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing = traces.Tracing(exporter, service="shikanji", version="1")
    traces.install(tracing)
    yield exporter
    traces.install(None)
    tracing.stop()


def test_spans_hang_together_across_processes(exporter: InMemorySpanExporter) -> None:
    with traces.span("GET /api/v1/orders", "server"):
        carried = traces.current_traceparent()
        with traces.span("inner", order="o-1"):
            pass
    with traces.span("elsewhere", "server", traceparent=carried):
        pass

    flush()
    inner, outer, elsewhere = exporter.get_finished_spans()
    assert {span.context.trace_id for span in (inner, outer, elsewhere)} == {outer.context.trace_id}
    assert inner.parent is not None
    assert elsewhere.parent is not None
    assert inner.parent.span_id == elsewhere.parent.span_id == outer.context.span_id
    assert inner.attributes == {"order": "o-1"}


class Brew(Call[str], frozen=True, kw_only=True):
    service: ClassVar[str] = "kitchen"
    returns: ClassVar[type] = str


async def test_a_call_is_a_span_and_carries_itself_on(exporter: InMemorySpanExporter) -> None:
    answers, seen = Answers(), []

    @answers.to(Brew)
    async def brew(room: Room, call: Brew) -> str:
        seen.append(traces.current_traceparent())
        return "tea"

    async def over_http(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope["headers"])[b"traceparent"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'"tea"'})

    here = LocalCalls()
    here.add(make_teashop("kitchen"), answers)
    async with serving(over_http) as url, aiohttp.ClientSession() as http:
        elsewhere = LocalCalls(elsewhere=HttpCalls(http, lambda _: [url], bytes(32), ManualClock(0)))
        with traces.span("place", "server"):
            assert await here.ask(Brew()) == await elsewhere.ask(Brew()) == "tea"

    flush()
    *calls, _ = exporter.get_finished_spans()
    assert [span.name for span in calls] == ["call kitchen.Brew"] * 2
    assert [traceparent.split("-")[2] for traceparent in seen] == [f"{span.context.span_id:016x}" for span in calls]


def test_spans_reach_the_collector() -> None:
    received: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            received.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        tracing = traces.to_collector(f"http://127.0.0.1:{server.server_port}/", service="shikanji", version="1")
        traces.install(tracing)
        with traces.span("one"):
            pass
        traces.install(None)
        tracing.stop()
        server.shutdown()
        serving.join()

    assert received == ["/v1/traces"]
