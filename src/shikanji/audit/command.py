"""`shikanji audit`: what a person reads, what a machine reads, and the exit code."""

import asyncio
import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shikanji import commands
from shikanji.audit.invariant import Finding, Invariant, Report
from shikanji.audit.run import Audit
from shikanji.configuration import Configuration
from shikanji.kit.clock import SECOND, SystemClock
from shikanji.kit.db.opening import sqlite_path
from shikanji.kit.folder import CommandFailed, is_owned
from shikanji.main import services_of

QUIET_SECONDS = 120
CLEAN, VIOLATIONS, UNREADABLE = 0, 1, 2

_progress = Console(stderr=True)


def run(configuration: Configuration, *, settle: bool, repair: bool, as_json: bool) -> int:
    """The exit code."""
    try:
        report = _audit(configuration, settle=settle)
    except (FileNotFoundError, CommandFailed, OSError) as error:
        _progress.print(f"could not read: {error}. Is SHIKANJI_DATA_DIR the platform's data folder?", style="red")
        return UNREADABLE
    _show(report, as_json=as_json)
    if repair and report.lacking:
        count = asyncio.run(commands.run(configuration, "repair", {"lacking": report.lacking}))
        _progress.print(f"{count} events will be published again")
    return VIOLATIONS if report.violations else CLEAN


def _audit(configuration: Configuration, *, settle: bool) -> Report:
    settings = configuration.platform
    services = services_of(settings)
    paths = {service.name: sqlite_path(settings.database_template, service.name) for service in services}
    files = {name: path for name, path in paths.items() if path is not None}
    if len(files) < len(paths):
        raise CommandFailed("the audit reads SQLite files; SHIKANJI_DATABASE_URL names something else")
    running = is_owned(settings.folder)
    if settle:
        asyncio.run(commands.run(configuration, "settle", {}))
    audit = Audit(services, files)
    try:
        # A platform that stands is judged as of its last moment: nothing can have been late since then.
        now = SystemClock().now() if running or settle else audit.last_activity()
        with Progress(console=_progress, transient=True) as bar:
            task = bar.add_task("auditing", total=len(audit.invariants))

            def step(invariant: Invariant, place: int, _: int) -> None:
                bar.update(task, completed=place, description=f"auditing {invariant.key}")

            return audit.run(now=now, quiet=0 if settle else QUIET_SECONDS * SECOND, progress=step)
    finally:
        audit.close()


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")
        return
    console = Console()
    console.print(_summary(report))
    for finding in report.findings:
        if finding.count:
            console.print(_violations(finding))
    waiting = ", ".join(f"{count} {what}" for what, count in report.open.items())
    console.print(f"open: {waiting}", highlight=False)
    verdict = f"{report.violations} violations" if report.violations else "clean"
    console.print(
        f"{verdict}: {len(report.findings)} invariants, all that was settled before {report.settled_before}",
        style="red" if report.violations else "green",
        highlight=False,
    )


def _summary(report: Report) -> Table:
    """A line for each invariant by number; those that are one statement per service are drawn together."""
    table = Table(title=f"audit at {report.checked_at}")
    for heading in ("invariant", "what it says", "statements", "violations", "ms"):
        table.add_column(heading, justify="left" if heading in ("invariant", "what it says") else "right")
    grouped: dict[str, list[Finding]] = {}
    for finding in report.findings:
        grouped.setdefault(finding.key.split()[0], []).append(finding)
    for key, findings in grouped.items():
        count = sum(finding.count for finding in findings)
        row: list[Any] = [key, findings[0].title if len(findings) == 1 else _SEVERAL[key], len(findings), count]
        row.append(sum(finding.milliseconds for finding in findings))
        table.add_row(*map(str, row), style="red" if count else None)
    return table


_SEVERAL = {
    "28": "an aggregate's events are numbered 1 to n",
    "29": "nothing recorded stays unpublished",
    "30": "every subscriber has every event that it subscribes to",
    "31": "no subscriber knows what nobody recorded",
    "32a": "what is in an outbox is what was recorded",
    "34": "an event that failed says why and when again",
    "48": "no card number in any column",
}


def _violations(finding: Finding) -> Table:
    table = Table(title=f"{finding.key}: {finding.title}", title_style="red")
    for heading in ("id", "found", "expected"):
        table.add_column(heading)
    for violation in finding.violations:
        table.add_row(violation.id, violation.found, violation.expected)
    if finding.count > len(finding.violations):
        table.caption = f"and {finding.count - len(finding.violations)} more"
    return table
