"""Up to when everything was found to be as it should be: kept in the data folder from one audit to the next."""

from pathlib import Path

import msgspec

NAME = "audit.json"


class Watermark(msgspec.Struct, frozen=True, rename="camel"):
    """Times in µs. All that was settled before `clean_before` was looked at by an audit that found nothing; by one that
    looked at everything, what was settled before `whole_before`."""

    clean_before: int
    whole_before: int


def read(folder: Path) -> Watermark | None:
    """None where there is none, or nobody can read it: then everything is to be looked at."""
    try:
        return msgspec.json.decode(folder.joinpath(NAME).read_bytes(), type=Watermark)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def raised(known: Watermark | None, settled_before: int, *, whole: bool) -> Watermark:
    """After an audit that was clean. It never falls."""
    clean = settled_before if known is None else max(known.clean_before, settled_before)
    if whole or known is None:
        return Watermark(clean, settled_before)
    return Watermark(clean, known.whole_before)


def write(folder: Path, watermark: Watermark) -> None:
    """In one step: a reader finds the old one or the new one."""
    new = folder.joinpath(f"{NAME}.new")
    new.write_bytes(msgspec.json.encode(watermark))
    new.replace(folder.joinpath(NAME))
