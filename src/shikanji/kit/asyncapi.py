"""The AsyncAPI 3 document of any services: what each of them publishes and receives."""

from collections.abc import Iterable
from typing import Any

from shikanji.kit.events import Event
from shikanji.kit.json_schema import Schema, Schemas
from shikanji.kit.service import Service

Json = dict[str, Any]

METADATA: Schema = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "description": "The service that published it."},
        "version": {"type": "string", "description": "Of the event's schema."},
        "correlationId": {"type": "string", "description": "The client's request that all of this followed from."},
        "causationId": {"type": "string", "description": "The request or event right before it."},
        "aggregateId": {"type": "string"},
        "aggregateVersion": {"type": "integer", "format": "int64", "minimum": 1},
    },
    "required": ["source", "version", "correlationId", "causationId", "aggregateId", "aggregateVersion"],
}


class UnknownEvent(ValueError):
    """A service receives what no service publishes."""


def asyncapi(services: Iterable[Service], *, title: str, version: str, description: str = "") -> Json:
    """The document as plain values, the same for the same services in any order. Raises UnknownEvent when the services
    do not fit together."""
    services = sorted(services, key=lambda service: service.name)
    sources = {event: service.name for service in services for event in service.publishes}
    _check(services, sources)
    events = sorted(sources, key=lambda event: event.__name__)
    schemas = Schemas(events)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "defaultContentType": "application/json",
        "channels": {event.__name__: _channel(event, sources[event]) for event in events},
        "operations": _operations(services, {event.__name__ for event in events}),
        "components": {
            "messages": {event.__name__: _message(event, sources[event], schemas) for event in events},
            "schemas": schemas.components | {"EventMetadata": METADATA},
        },
    }


def _check(services: list[Service], sources: dict[type[Event], str]) -> None:
    for service in services:
        for name, kind in service.subscribers.kinds.items():
            if kind not in sources and not service.subscribers.every:
                raise UnknownEvent(f"{service.name} receives {name}, which nobody publishes")


def _channel(event: type[Event], source: str) -> Json:
    name = event.__name__
    return {
        "address": f"{source}.{name}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(event: type[Event], source: str, schemas: Schemas) -> Json:
    name = event.__name__
    message: Json = {"name": name, "title": name}
    if event.__doc__ and event.__doc__ != Event.__doc__:
        message["summary"] = " ".join(event.__doc__.split())
    message["tags"] = [{"name": source}]
    message["payload"] = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"const": name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": schemas.of(event),
            "metadata": {"$ref": "#/components/schemas/EventMetadata"},
        },
        "required": ["id", "type", "timestamp", "data", "metadata"],
    }
    return message


def _operations(services: list[Service], published: set[str]) -> Json:
    operations: Json = {}
    for service in services:
        for event in sorted(service.publishes, key=lambda event: event.__name__):
            operations[f"{service.name}.send.{event.__name__}"] = _operation("send", service.name, event.__name__)
        for name in sorted(published & service.subscribers.kinds.keys()):
            operations[f"{service.name}.receive.{name}"] = _operation("receive", service.name, name)
    return operations


def _operation(action: str, service: str, name: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
    }
