"""`shikanji audit`: what a person reads, what a machine reads, and the exit code."""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shikanji import terminal
from shikanji.audit import watermark
from shikanji.audit.facts import SANDBOX, SERVICES
from shikanji.audit.invariant import Finding, Report
from shikanji.audit.run import Audit
from shikanji.audit.watermark import Watermark
from shikanji.configuration import Configuration, PlatformSettings
from shikanji.kit.clock import SECOND, SystemClock, from_rfc3339
from shikanji.kit.db.faults import Unfit
from shikanji.kit.db.together import SqliteError
from shikanji.kit.db.urls import sqlite_path, url_of
from shikanji.kit.errors import OperatorError
from shikanji.kit.folder import CommandFailed, is_owned

QUIET_SECONDS = 120
CLEAN, VIOLATIONS, UNREADABLE = 0, 1, 2
REPAIRED_AT_ONCE = 5_000
"""Ids in one request to the running platform: its messages have a limit."""
BYTES_FOR_TWO = 200_000_000
"""Of all databases together: from here on two processes audit."""
COLUMNS_ELSEWHERE = 160
"""How wide the report is where no terminal says how wide it may be."""


Whole = Callable[[], Configuration]
"""Everything that is set. What only looks does not ask for it: whoever has it has imported nine services."""


def run(
    settings: PlatformSettings, whole: Whole, *, settle: bool, repair: bool, forget: bool, new: bool, as_json: bool
) -> int:
    """The exit code."""
    folder = settings.folder
    try:
        databases = watermark.databases(settings.database_template)
        known = watermark.read(folder, databases)
        if settle:
            with terminal.progress().status("letting the platform finish what is under way"):
                _have_done(whole, "settle", {})
        report = _audit(settings, settled=settle, since=known.clean_before if new and known else None)
        _show(report, as_json=as_json)
        if not report.violations and not report.lacking:
            settled_before = from_rfc3339(report.settled_before)
            _remember(folder, watermark.raised(known, databases, settled_before, whole=report.since is None))
        if repair:
            _repair(whole, report)
        if forget:
            _forget(whole, report)
    except (OperatorError, OSError, SqliteError, Unfit) as error:
        terminal.complain(f"could not read: {error}")
        return UNREADABLE
    return VIOLATIONS if report.violations else CLEAN


def _remember(folder: Path, mark: Watermark) -> None:
    """What was found does not depend on it: the next look at what is new only looks further back."""
    try:
        watermark.write(folder, mark)
    except OSError as error:
        terminal.complain(f"could not remember in {folder.absolute()} that all was clean: {error.strerror}")


def _audit(settings: PlatformSettings, *, settled: bool, since: int | None) -> Report:
    places = _places(settings)
    running = _is_running(settings, places)
    with ExitStack() as stack:
        helpers = None
        if since is None and _is_much(places):
            from shikanji.audit.sharing import shared

            # Begun before anything is opened here: no file of SQLite's may be open in two processes by a fork.
            helpers = stack.enter_context(shared(places))
        audit = stack.enter_context(closing(Audit(places, since=since)))
        bar = stack.enter_context(Progress(console=terminal.progress(), transient=True))
        # A platform that stands is judged as of its last moment: nothing can have been late since then.
        now = SystemClock().now() if running or settled else audit.last_activity()
        task = bar.add_task("auditing", total=len(audit.invariants))

        def step(key: str, done: int, _: int) -> None:
            bar.update(task, completed=done, description=f"audited {key}")

        return audit.run(now=now, quiet=0 if settled else QUIET_SECONDS * SECOND, progress=step, helpers=helpers)


def _is_running(settings: PlatformSettings, places: Mapping[str, Path | str]) -> bool:
    urls = [place for place in places.values() if isinstance(place, str)]
    if not urls:
        return is_owned(settings.folder)
    from shikanji.kit.db.opening import is_at_work

    return is_owned(settings.folder) or is_at_work(urls)


def _is_much(places: Mapping[str, Path | str]) -> bool:
    """So much to look through, in files, that a second process pays."""
    files = [place for place in places.values() if isinstance(place, Path)]
    return len(files) == len(places) and sum(file.stat().st_size for file in files) >= BYTES_FOR_TWO


def _places(settings: PlatformSettings) -> dict[str, Path | str]:
    """Each part's database: a file, or a URL. The sandbox company has none where the platform runs in production."""
    found: dict[str, Path | str] = {}
    for name in SERVICES if settings.production else (*SERVICES, SANDBOX):
        path = sqlite_path(settings.database_template, name)
        if path is None:
            found[name] = url_of(settings.database_template, name)
        elif path.exists():
            found[name] = path
        elif name != SANDBOX:
            raise CommandFailed(f"there is no {path.absolute()}. SHIKANJI_DATA_DIR names the platform's data folder.")
    if any(isinstance(place, str) for place in found.values()):
        _check(settings, found)
    return found


def _check(settings: PlatformSettings, places: Mapping[str, Path | str]) -> None:
    """Databases elsewhere are copied with what they have, whatever that is. Raises DatabaseUnusable."""
    from shikanji.house import services_of
    from shikanji.kit.db.opening import check

    for service in services_of(settings):
        if isinstance(places.get(service.name), str):
            check(settings.database_template, service)


def _have_done(whole: Whole, command: str, arguments: dict[str, Any]) -> Any:
    from shikanji import commands

    return asyncio.run(commands.run(whole(), command, arguments))


def _repair(whole: Whole, report: Report) -> None:
    count = 0
    for service, ids in report.lacking.items():
        for start in range(0, len(ids), REPAIRED_AT_ONCE):
            some = {"lacking": {service: ids[start : start + REPAIRED_AT_ONCE]}}
            count += _have_done(whole, "repair", some)
    terminal.say(
        f"{count} events will be published again" if count else "no subscriber lacks an event: nothing to repair"
    )


def _forget(whole: Whole, report: Report) -> None:
    if report.since is not None:
        raise CommandFailed("nothing is forgotten without a look at everything: leave out --new")
    if report.violations or report.lacking:
        raise CommandFailed("nothing is forgotten as long as anything is not as it should be")
    matched = {"matched": from_rfc3339(report.settled_before)}
    count = _have_done(whole, "forget", matched)
    from shikanji.kit.db.retention import OUTBOX_DAYS

    terminal.say(f"{count} events that were more than {OUTBOX_DAYS} days old are forgotten")


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        terminal.show(report)
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else COLUMNS_ELSEWHERE)
    console.print(_summary(report))
    for finding in report.findings:
        if finding.count:
            console.print(f"\n{finding.key}: {finding.title}", style="red", markup=False)
            console.print("\n".join(_violations(finding)), markup=False, soft_wrap=True)
    console.print()
    for line in _verdict(report):
        console.print(line, style="red" if report.violations else "green", markup=False)


def _verdict(report: Report) -> Iterator[str]:
    waiting = ", ".join(f"{count} {what}" for what, count in report.open.items())
    yield f"open: {waiting}" + (" (shikanji events dead)" if any(report.open.values()) else "")
    if report.lacking:
        count = sum(map(len, report.lacking.values()))
        yield f"{count} events are lacking somewhere; shikanji audit --repair publishes them again"
    said = f"{report.violations} violations" if report.violations else "clean"
    if report.since is None:
        yield f"{said}: {len(report.findings)} checks of all that was settled before {report.settled_before}"
        return
    yield f"{said}: {len(report.findings)} checks of what is new since {report.since} or under way"
    unseen = sorted({key.split()[0] for key in report.unseen}, key=_number)
    yield f"not looked at: what had settled before, and {', '.join(unseen)} (shikanji audit without --new sees all)"


def _summary(report: Report) -> Table:
    """A line for each invariant by number; those that are one statement per service are drawn together."""
    table = Table(title=f"audit at {report.checked_at}", box=None, pad_edge=False, title_justify="left")
    table.add_column("invariant", no_wrap=True)
    table.add_column("what it says", ratio=1)
    table.add_column("violations", justify="right", no_wrap=True)
    grouped: dict[str, list[Finding]] = {}
    for finding in report.findings:
        grouped.setdefault(finding.key.split()[0], []).append(finding)
    for key in sorted(grouped, key=_number):
        findings = grouped[key]
        count = sum(finding.count for finding in findings)
        title = findings[0].title if len(findings) == 1 else _SEVERAL[key]
        table.add_row(key, title, str(count), style="red" if count else None)
    return table


def _number(key: str) -> tuple[int, str]:
    digits = re.match(r"[0-9]+", key)
    return (int(digits[0]) if digits else 0), key


_SEVERAL = {
    "28": "an aggregate's events are numbered 1 to n",
    "29": "nothing recorded stays unpublished",
    "30": "every subscriber has every event that it subscribes to",
    "31": "no subscriber knows what nobody recorded",
    "32a": "what is in an outbox is what was recorded",
    "34": "an event that failed says why and when again",
    "48": "no card number in any column",
}


def _violations(finding: Finding) -> Iterator[str]:
    for violation in finding.violations:
        yield f"  {violation.id}"
        yield f"    found     {violation.found}"
        yield f"    expected  {violation.expected}"
    if finding.count > len(finding.violations):
        yield f"  and {finding.count - len(finding.violations)} more"
