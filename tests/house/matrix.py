"""authorization.yaml as cells: what each principal is answered on each route."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

Answer = Literal["allow", 401, 403, 404]
Row = Mapping[str, Answer]

ROLES = ("manager", "chef", "cashier", "delivery", "support")
ELSEWHERE = tuple(f"other_{role}" for role in ROLES)
ENDED = ("disabled", "expired", "revoked")
PRINCIPALS = ("anonymous", "owner", "customer", *ROLES, *ELSEWHERE, "admin", *ENDED, "internal")
ANSWERS = ("allow", 401, 403, 404)

GROUPS: dict[str, tuple[str, ...]] = {
    "all": ("anonymous", "signed_in", "internal"),
    "signed_in": ("owner", "customer", "staff", "other_store", "admin"),
    "staff": ROLES,
    "other_store": ELSEWHERE,
    "ended": ENDED,
}
"""The wider first: what is said of a narrower one, or of one principal, wins."""
UNSAID: Row = {"anonymous": 401, "ended": 401}
"""Of a row that does not say otherwise."""
FOLDER = Path(__file__).parent


def read_table() -> dict[str, Row]:
    """Rows as they are written, by route."""
    read: dict[str, Row] = yaml.safe_load((FOLDER / "authorization.yaml").read_text())
    return read


def cells(row: Row) -> dict[str, Answer]:
    """Of each principal that the row speaks of."""
    said = {**({} if "all" in row else {"anonymous": UNSAID["anonymous"]}), "ended": UNSAID["ended"], **row}
    found: dict[str, Answer] = {}
    for name in (*GROUPS, *PRINCIPALS):
        if name in said:
            found |= dict.fromkeys(members(name), said[name])
    if "internal" not in row:
        # Who says that he is one of ours, and shows no token, is nobody.
        found["internal"] = found["anonymous"]
    return {principal: found[principal] for principal in PRINCIPALS if principal in found}


def members(name: str) -> list[str]:
    """The principals of a group, or the one."""
    if name not in GROUPS:
        return [name]
    return [principal for part in GROUPS[name] for principal in members(part)]


def route_of(name: str) -> str:
    """A route that answers otherwise when it is asked in other words has a row for each: `GET /api/v1/stores (all)`."""
    return name.partition(" (")[0]


def gaps(table: Mapping[str, Any], routes: Mapping[str, Any] | list[str]) -> Iterator[str]:
    """Routes without a row, rows without a route, and rows that leave a cell open or say what means nothing."""
    yield from (f"{name} is not in the table" for name in routes if name not in set(map(route_of, table)))
    for name, row in table.items():
        if route_of(name) not in routes:
            yield f"{name} is no route"
        if strange := set(row) - {*GROUPS, *PRINCIPALS}:
            yield f"{name} speaks of {sorted(strange)}"
        if wrong := {answer for answer in row.values() if answer not in ANSWERS}:
            yield f"{name} says {wrong}"
        if missing := set(PRINCIPALS) - set(cells(row)):
            yield f"{name} leaves open {sorted(missing)}"
