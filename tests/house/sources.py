"""What the house tests read: the repository's own files, as text and as syntax trees."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "shikanji"

_OURS_WITH_A_DOT = {".ci", ".github"}
_MADE = {"__pycache__", "data", "build", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository, relative to its root, without what tools make beside them."""
    return tuple(sorted(_walk()))


def python_files(*folders: str, having: str = "") -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every Python file under these folders of the repository; of those whose text matches
    `having`, where that is enough: to read a tree takes a hundred times as long."""
    for path in files():
        if path.suffix == ".py" and str(path).startswith(folders):
            text = (ROOT / path).read_text()
            if re.search(having, text):
                yield str(path), ast.parse(text)


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Name and text of every file that is text, in all folders or in these."""
    for path in files():
        if str(path).startswith(folders or ""):
            try:
                yield str(path), (ROOT / path).read_text()
            except UnicodeDecodeError:
                continue


def _walk() -> Iterator[Path]:
    for folder, inside, names in os.walk(ROOT):
        inside[:] = [name for name in inside if _is_ours(name)]
        yield from ((Path(folder) / name).relative_to(ROOT) for name in names if not name.startswith(".coverage"))


def _is_ours(folder: str) -> bool:
    if folder.startswith("."):
        return folder in _OURS_WITH_A_DOT
    return folder not in _MADE and not folder.endswith(".egg-info")
