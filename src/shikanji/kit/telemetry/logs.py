"""Structured logs: JSON lines in production, readable on a terminal. Every line knows its request and is redacted."""

import logging
import sys
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.types import FilteringBoundLogger, Processor

from shikanji.kit.context import current_correlation
from shikanji.kit.telemetry.redaction import redact, redact_fields

Fields = MutableMapping[str, Any]
Render = Callable[[Any, str, Fields], str]

_CLOCK = slice(11, 19)
"""The time of day in an RFC 3339 text."""
FAILED_HERE = 500

_batch: Callable[[Sequence[msgspec.Struct]], None] | None = None

_HARMLESS = {"timestamp", "level", "logger", "part", "correlation_id"}
"""Made by us, never by a caller: redaction need not look at them."""


class _Sink:
    """Where lines go. What cannot be written (the disk is full, nobody reads the pipe) is lost: a log must not fail the
    work that it is about."""

    def __init__(self, stream: TextIO | None) -> None:
        self._given = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    @property
    def _stream(self) -> TextIO:
        return self._given or sys.stderr


def configure(
    *, production: bool, level: str = "info", stream: TextIO | None = None, readable: bool | None = None
) -> None:
    """Sets up structlog and routes the standard library's logging through it. Lines go to `stream` (stderr).
    `readable`: for people; None: where it is a terminal and no production."""
    global _batch
    target = _Sink(stream)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    if readable is None:
        readable = target.isatty() and not production
    render = _readable() if readable else _json
    first: list[Processor] = [
        _add_correlation,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, _redact_all, render]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, target)),
        cache_logger_on_first_use=False,
    )
    _take_over_standard_logging(target, threshold, first, last)
    _batch = _batch_writer(target, render) if threshold <= logging.INFO else None


def logger(name: str) -> FilteringBoundLogger:
    """`logger("gateway").warning("copy is down", copy=url)`: an event in words, facts as fields."""
    return cast(FilteringBoundLogger, structlog.get_logger(part=name))


def encode_line(fields: Fields) -> str:
    """One JSON line, without its newline; whatever JSON cannot say is said as text."""
    return msgspec.json.encode(fields, enc_hook=lambda value: redact(str(value))).decode()


def write_batch(lines: Sequence[msgspec.Struct]) -> None:
    """Many finished lines with one write, past processors and redaction: for what is frequent and holds nothing but our
    own names, numbers and ids. Nothing is written before `configure`, or when its level is above info."""
    if _batch is not None:
        _batch(lines)


def _json(_logger: Any, _method: str, fields: Fields) -> str:
    return encode_line(fields)


def _readable() -> Render:
    console = structlog.dev.ConsoleRenderer(
        colors=True, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )

    def render(logger: Any, method: str, fields: Fields) -> str:
        if fields.get("event") == "request":
            return _request_line(fields)
        fields["timestamp"] = str(fields.get("timestamp", ""))[_CLOCK]
        return console(logger, method, fields)

    return render


def _request_line(fields: Fields) -> str:
    """One line of 80 columns for what is by far the most frequent; what failed here can be looked up by its id."""
    line = f"{fields['timestamp'][_CLOCK]} {fields['status']} {fields['method']} {fields['route']} {fields['ms']} ms"
    return line if fields["status"] < FAILED_HERE else f"{line} {fields['correlation_id']}"


def _batch_writer(target: _Sink, render: Render) -> Callable[[Sequence[msgspec.Struct]], None]:
    def write(lines: Sequence[msgspec.Struct]) -> None:
        if render is _json:
            text = msgspec.json.Encoder().encode_lines(lines).decode()
        else:
            text = "".join(f"{render(None, 'info', msgspec.structs.asdict(line))}\n" for line in lines)
        target.write(text)
        target.flush()

    return write


def _add_correlation(_logger: Any, _method: str, fields: Fields) -> Fields:
    correlation = current_correlation()
    if correlation:
        fields.setdefault("correlation_id", correlation)
    return fields


def _redact_all(_logger: Any, _method: str, fields: Fields) -> Fields:
    ours = {name: fields[name] for name in _HARMLESS & fields.keys()}
    return redact_fields(fields) | ours


def _take_over_standard_logging(target: _Sink, threshold: int, first: list[Processor], last: list[Processor]) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
