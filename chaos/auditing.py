"""`shikanji audit --settle`, as an operator runs it."""

import asyncio
import os
import sys
from collections.abc import Mapping

import msgspec

from chaos.child import ROOT


async def violations(settings: Mapping[str, str]) -> list[str]:
    """What it says; empty when all is clean."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shikanji.cli", "audit", "--settle", "--json"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode not in (0, 1):
        return [f"it could not be done: {complained.decode(errors='replace')}"]
    report = msgspec.json.decode(said)
    found = [f"{finding['key']}: {finding['violations']}" for finding in report["findings"] if finding["count"]]
    return found + [f"{count} {what}" for what, count in report["open"].items() if count]
