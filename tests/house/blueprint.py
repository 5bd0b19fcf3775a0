"""The blueprint's APIs and events as a table: `blueprint.yaml`, read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

API = "/api/v1"
ALL = "all"


class Boundary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the blueprint says of one service. `consumes`: event → what for."""

    apis: tuple[str, ...]
    publishes: tuple[str, ...]
    consumes: dict[str, str] | str

    def hears(self, everything: Sequence[str]) -> set[str]:
        return set(everything) if isinstance(self.consumes, str) else set(self.consumes)


BLUEPRINT: Mapping[str, Boundary] = msgspec.yaml.decode(
    (Path(__file__).parent / "blueprint.yaml").read_bytes(), type=dict[str, Boundary]
)
APIS = [name for boundary in BLUEPRINT.values() for name in boundary.apis]
EVENTS = [name for boundary in BLUEPRINT.values() for name in boundary.publishes]
