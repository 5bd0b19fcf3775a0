"""JSON Schema of our structs, as OpenAPI 3.1 and AsyncAPI 3 both want it."""

from collections.abc import Iterable
from typing import Any

import msgspec

Schema = dict[str, Any]

REF = "#/components/schemas/{name}"
INT64 = {"format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}


class Schemas:
    """The schemas of many types, with what they share in `components`. Where two rooms have a type of one name, each
    gets its room's name before it."""

    def __init__(self, types: Iterable[Any]) -> None:
        distinct = list(dict.fromkeys(types))
        found, components = msgspec.json.schema_components(distinct, ref_template=REF)
        renamed = {REF.format(name=name): REF.format(name=_name(name)) for name in components}
        self._of: dict[Any, Schema] = {
            kind: _exact(schema, renamed) for kind, schema in zip(distinct, found, strict=True)
        }
        self.components: dict[str, Schema] = {
            name: _exact(components[original], renamed)
            for name, original in sorted((_name(original), original) for original in components)
        }

    def of(self, kind: Any) -> Schema:
        """Usually a reference into `components`."""
        return self._of[kind]

    def resolved(self, kind: Any) -> Schema:
        """As `of`, with a reference followed."""
        schema = self._of[kind]
        reference = schema.get("$ref")
        return schema if reference is None else self.components[str(reference).rpartition("/")[2]]


def _name(name: str) -> str:
    """`shikanji.services.store.schemas.AddressIn`, as msgspec tells types of one name apart, is `StoreAddressIn`."""
    path = name.split(".")
    return name if len(path) == 1 else path[min(2, len(path) - 2)].capitalize() + path[-1]


def _exact(schema: Any, renamed: dict[str, str]) -> Any:
    """Says of integers what is true of all of ours: they have 64 bits."""
    if isinstance(schema, list):
        return [_exact(part, renamed) for part in schema]
    if not isinstance(schema, dict):
        return schema
    exact = {name: _exact(part, renamed) for name, part in schema.items()}
    if "$ref" in exact:
        exact["$ref"] = renamed.get(exact["$ref"], exact["$ref"])
    if exact.get("type") == "integer":
        bounded = "exclusiveMinimum" in exact or "exclusiveMaximum" in exact
        return (INT64 if not bounded else {"format": "int64"}) | exact
    return exact
