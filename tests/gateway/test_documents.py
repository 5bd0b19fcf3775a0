"""The gateway's own pages."""

import base64
import hashlib
import json
import re

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shikanji.kit.telemetry import logs, traces
from tests.gateway.door import Door, Shop, assert_problem, open_door


async def test_the_landing_page_says_what_is_running(door: Door) -> None:
    page = await door.get("/")
    text = page.body.decode()

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Everything is running" in text
    assert "<b>shop</b><span>ready</span>" in text
    assert "Version 1.2.3" in text
    assert 'lang="hi"' in text
    for link in ("/docs", "/openapi.json", "/asyncapi.json", "/health/ready", "/metrics"):
        assert f'href="{link}"' in text
    assert "{{" not in text


async def test_the_landing_page_links_to_what_is_mounted() -> None:
    async with open_door(mounts={"/dev/outbox": Shop()}) as door:
        text = (await door.get("/")).body.decode()

    assert "<a href='/dev/outbox'><b>Dev outbox</b>" in text


async def test_the_landing_page_names_what_is_not_ready_as_text() -> None:
    async with open_door() as door:
        door.readiness["shop"] = "<script>alert(1)</script>"

        text = (await door.get("/")).body.decode()

    assert "1 of 2 parts not ready" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>" not in text


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_runs_nothing_but_its_own_script_and_style(door: Door, path: str) -> None:
    page = await door.get(path)
    policy = page.headers["Content-Security-Policy"]
    text = page.body.decode()

    for tag in ("script", "style"):
        inline = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        hashes = {base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for content in inline}
        assert set(re.findall("sha256-([^']+)'", policy.split(f"{tag}-src")[1].split(";")[0])) == hashes
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", text)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), "nothing comes from elsewhere"


async def test_the_documents_are_served(door: Door) -> None:
    assert (await door.get("/openapi.json")).json == {"openapi": "3.1.0"}
    assert (await door.get("/asyncapi.json")).json == {"asyncapi": "3.0.0"}
    assert b"/openapi.json" in (await door.get("/docs")).body


async def test_a_document_that_is_known_already_is_304(door: Door) -> None:
    tag = (await door.get("/openapi.json")).headers["ETag"]

    assert (await door.get("/openapi.json", headers={"If-None-Match": tag})).status == 304


async def test_ready_only_when_every_part_is() -> None:
    async with open_door() as door:
        ready = await door.get("/health/ready")
        door.readiness["shop"] = "migrations are running"
        door.gateway.readiness.stop()  # also drops what was just answered
        waiting = await door.get("/health/ready")
        live = await door.get("/health/live")
        still = await door.get("/api/v1/echo")

    assert (ready.status, ready.json["data"]["parts"]) == (200, ["shop", "gateway"])
    assert_problem(waiting, 503, "not-ready")
    assert waiting.json["errors"] == [
        {"field": "shop", "message": "migrations are running"},
        {"field": "gateway", "message": "is stopping"},
    ]
    assert (live.status, live.json["data"]["version"]) == (200, "1.2.3")
    assert still.status == 200


async def test_metrics_are_for_our_own_networks_in_production() -> None:
    async with open_door(production=True, trusted_proxies=("127.0.0.1",)) as door:
        ours = await door.get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"})
        theirs = await door.get("/metrics", headers={"X-Forwarded-For": "1.1.1.1"})

    assert ours.status == 200
    assert_problem(theirs, 404, "not-found")


async def test_metrics_tell_rate_errors_and_latency_by_route(door: Door) -> None:
    await door.get("/api/v1/orders/0190b5c0-1234-7123-8123-123456789012?email=a@b.co", token="customer")
    await door.get("/nothing/a@b.co")

    text = (await door.get("/metrics")).body.decode()

    labels = 'method="GET",route="/api/v1/orders/{id}",service="shop",status="200"'
    assert f"shikanji_http_requests_total{{{labels}}} 1.0" in text
    assert f'shikanji_http_request_seconds_bucket{{le="+Inf",{labels}}} 1.0' in text
    assert f"shikanji_http_request_seconds_count{{{labels}}} 1.0" in text
    assert 'route="(none)",service="gateway",status="404"} 1.0' in text
    assert "process_resident_memory_bytes" in text
    assert "a@b.co" not in text


async def test_the_request_log_names_routes_and_people_but_nothing_they_said(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure(production=True)
    async with open_door(request_log=True) as door:
        reply = await door.post(
            "/api/v1/orders?q=secret-query",
            token="customer",
            data=b"secret-body",
            headers={"X-Secret": "secret-header"},
        )
    (line,) = [json.loads(text) for text in capfd.readouterr().err.splitlines() if '"event":"request"' in text]

    assert line | {"ms": 0} == {
        "timestamp": "2026-11-18T11:06:40.000000Z",
        "level": "info",
        "event": "request",
        "method": "POST",
        "route": "/api/v1/orders",
        "status": 200,
        "ms": 0,
        "principal": "c1",
        "correlation_id": reply.headers["X-Request-Id"],
    }


async def test_a_request_is_traced_to_the_copy_that_answers_it() -> None:
    exporter = InMemorySpanExporter()
    tracing = traces.Tracing(exporter, service="shikanji", version="1")
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traces.install(tracing)
    try:
        async with open_door(over_http=True) as door:
            await door.get("/api/v1/echo", headers={"traceparent": given})
            await door.get("/api/v1/products", headers={"traceparent": given})
            await door.get("/api/v1/products", headers={"traceparent": "rubbish"})
            await door.get("/nothing")
            seen = door.shop.asked[0].headers["traceparent"]
    finally:
        traces.install(None)
        tracing.stop()

    spans = {span.name: span for span in reversed(exporter.get_finished_spans())}
    upstream, request = spans["GET shop"], spans["GET /api/v1/echo"]
    assert request.parent is not None
    assert upstream.parent is not None
    assert f"{request.parent.trace_id:032x}-{request.parent.span_id:016x}" == given[3:-3]
    assert upstream.parent.span_id == request.context.span_id
    assert seen == f"00-{given[3:35]}-{upstream.context.span_id:016x}-01"
    assert (spans["GET (none)"].attributes or {})["http.response.status_code"] == 404
