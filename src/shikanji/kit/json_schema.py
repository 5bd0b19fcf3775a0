"""JSON Schema of our structs, as OpenAPI 3.1 and AsyncAPI 3 both want it."""

from collections.abc import Iterable
from typing import Any

import msgspec

Schema = dict[str, Any]

REF = "#/components/schemas/{name}"
INT64 = {"format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}


class Schemas:
    """The schemas of many types, with what they share in `components`. Types of one name get longer names."""

    def __init__(self, types: Iterable[Any]) -> None:
        distinct = list(dict.fromkeys(types))
        found, components = msgspec.json.schema_components(distinct, ref_template=REF)
        self._of: dict[Any, Schema] = {kind: _exact(schema) for kind, schema in zip(distinct, found, strict=True)}
        self.components: dict[str, Schema] = {name: _exact(schema) for name, schema in sorted(components.items())}

    def of(self, kind: Any) -> Schema:
        """Usually a reference into `components`."""
        return self._of[kind]

    def resolved(self, kind: Any) -> Schema:
        """As `of`, with a reference followed."""
        schema = self._of[kind]
        reference = schema.get("$ref")
        return schema if reference is None else self.components[str(reference).rpartition("/")[2]]


def _exact(schema: Any) -> Any:
    """Says of integers what is true of all of ours: they have 64 bits."""
    if isinstance(schema, list):
        return [_exact(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    exact = {name: _exact(part) for name, part in schema.items()}
    if exact.get("type") == "integer":
        bounded = "exclusiveMinimum" in exact or "exclusiveMaximum" in exact
        return (INT64 if not bounded else {"format": "int64"}) | exact
    return exact
