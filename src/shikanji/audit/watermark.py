"""Up to when everything was found to be as it should be: kept in the data folder from one audit to the next."""

import re
from pathlib import Path

import msgspec

NAME = "audit.json"
_WHOM = re.compile(r"//[^/@]*@")


class Watermark(msgspec.Struct, frozen=True, rename="camel"):
    """Times in µs. All that was settled before `clean_before` was looked at by an audit that found nothing; by one that
    looked at everything, what was settled before `whole_before`. It says nothing of other databases than those `of`
    which it was taken: a folder may be used in one shape after the other."""

    of: str
    clean_before: int
    whole_before: int


def databases(template: str) -> str:
    """Which they are, without whom one is there."""
    return _WHOM.sub("//", template)


def read(folder: Path, of: str) -> Watermark | None:
    """None where there is none of these databases, or nobody can read it: then everything is to be looked at."""
    try:
        found = msgspec.json.decode(folder.joinpath(NAME).read_bytes(), type=Watermark)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return found if found.of == of else None


def raised(known: Watermark | None, of: str, settled_before: int, *, whole: bool) -> Watermark:
    """After an audit that was clean. It never falls."""
    if known is None:
        return Watermark(of, settled_before, settled_before)
    clean = max(known.clean_before, settled_before)
    return Watermark(of, clean, settled_before if whole else known.whole_before)


def write(folder: Path, watermark: Watermark) -> None:
    """In one step: a reader finds the old one or the new one."""
    new = folder.joinpath(f"{NAME}.new")
    new.write_bytes(msgspec.json.encode(watermark))
    new.replace(folder.joinpath(NAME))
