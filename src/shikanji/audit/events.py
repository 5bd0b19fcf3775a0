"""Events: every outbox whole, every subscriber complete, nothing that nobody published."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from shikanji.audit.invariant import Invariant
from shikanji.kit.db.together import quoted

DELIVERED = "30"
"""The invariant that tells which events somebody lacks."""


def event_invariants(services: Collection[str], map_: Mapping[str, Mapping[str, str]]) -> list[Invariant]:
    """`map_`: subscriber → event type → the service that publishes it."""
    per_service = [invariant for name in services for invariant in _of_service(name)]
    return [*per_service, *_deliveries(map_), *_phantoms(services, map_)]


def lacking_events(
    connection: Any, map_: Mapping[str, Mapping[str, str]], before: int, rewritten: Callable[[str], str] = str
) -> dict[str, list[str]]:
    """Publisher → ids of its events that were published, but are not in the inbox of each subscriber."""
    found: dict[str, set[str]] = {}
    for subscriber, sources in map_.items():
        for source, types in _by_source(sources).items():
            rows = connection.execute(rewritten(_lacking(subscriber, source, types)), {"before": before}).fetchall()
            found.setdefault(source, set()).update(row[0] for row in rows)
    return {source: sorted(ids) for source, ids in found.items() if ids}


def open_letters(connection: Any, services: Collection[str]) -> dict[str, int]:
    """What waits for somebody, or for its next try."""
    found = {"dead letters": 0, "waiting events": 0, "parked aggregates": 0}
    for name in services:
        inbox = f"{quoted(name)}.inbox"
        # Each by the index that has only such rows.
        (dead,) = connection.execute(f"SELECT count(*) FROM {inbox} WHERE state = 'dead'").fetchone()
        waiting = f"SELECT count(*), count(DISTINCT aggregate_id) FROM {inbox} WHERE state = 'waiting'"
        row = (dead, *connection.execute(waiting).fetchone())
        for key, count in zip(found, row, strict=True):
            found[key] += count
    return found


def _of_service(name: str) -> list[Invariant]:
    db = quoted(name)
    return [
        Invariant(
            f"28 {name}",
            f"{name}: an aggregate's events are numbered 1 to n",
            "live",
            f"""WITH told AS (
                SELECT aggregate_id, count(*) AS events, count(DISTINCT aggregate_version) AS numbers,
                       min(aggregate_version) AS first, max(aggregate_version) AS last
                FROM {db}.outbox GROUP BY aggregate_id)
            SELECT t.aggregate_id, t.events || ' events from ' || t.first || ' to ' || t.last,
                   coalesce(a.version || ' by its counter, the first ' || a.forgotten || ' forgotten', 'no counter')
            FROM told t LEFT JOIN {db}.aggregates a ON a.aggregate_id = t.aggregate_id
            WHERE a.version IS NOT a.forgotten + t.events OR t.last <> a.version OR t.first <> a.forgotten + 1
               OR t.numbers <> t.events
            UNION ALL
            SELECT aggregate_id, 'no event', version || ' by its counter, the first ' || forgotten || ' forgotten'
            FROM {db}.aggregates WHERE forgotten < 0 OR version <> forgotten AND aggregate_id NOT IN (
                SELECT aggregate_id FROM {db}.outbox)""",
        ),
        Invariant(
            f"29 {name}",
            f"{name}: nothing recorded stays unpublished",
            "quiescent",
            f"""SELECT event_id, type || ' since ' || occurred_at, 'published' FROM {db}.outbox
            WHERE published_at IS NULL AND occurred_at <= :before""",
        ),
        Invariant(
            f"32a {name}",
            f"{name}: what is in the outbox is what was recorded",
            "live",
            f"""SELECT event_id, payload_hash, blake2b_hex(data) FROM {db}.outbox
            WHERE payload_hash <> blake2b_hex(data)""",
        ),
        Invariant(
            f"34 {name}",
            f"{name}: an event that failed says why, how often, when, and when again",
            "live",
            f"""SELECT event_id, state || ' after ' || attempts || ' tries', 'its error and its times'
            FROM {db}.inbox AS inbox WHERE state NOT IN ('done', 'waiting', 'dead', 'discarded')
            OR state = 'dead' AND (attempts < 1 OR error IS NULL OR first_failed_at IS NULL OR last_failed_at IS NULL
                                   OR envelope IS NULL)
            OR state = 'waiting' AND (envelope IS NULL OR next_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM {db}.inbox head WHERE head.state = 'waiting' AND head.aggregate_id = inbox.aggregate_id
                AND head.next_at IS NOT NULL))""",
        ),
    ]


def _deliveries(map_: Mapping[str, Mapping[str, str]]) -> list[Invariant]:
    return [
        Invariant(
            f"{DELIVERED} {source} to {subscriber}",
            f"{subscriber} has every event of {source} that it subscribes to",
            "quiescent",
            _lacking(subscriber, source, types),
        )
        for subscriber, sources in map_.items()
        for source, types in _by_source(sources).items()
    ]


def _lacking(subscriber: str, source: str, types: Sequence[str]) -> str:
    wanted = ", ".join(f"'{kind}'" for kind in types)
    return f"""SELECT o.event_id, o.type || ' is not in the inbox', 'processed, waiting or dead'
    FROM {quoted(source)}.outbox o WHERE o.type IN ({wanted}) AND o.published_at IS NOT NULL
    AND o.occurred_at <= :before
    AND NOT EXISTS (SELECT 1 FROM {quoted(subscriber)}.inbox i WHERE i.event_id = o.event_id)"""


def _phantoms(services: Collection[str], map_: Mapping[str, Mapping[str, str]]) -> list[Invariant]:
    found = []
    for subscriber in map_:
        for source in sorted({*map_[subscriber].values()} & {*services}):
            inbox, outbox = f"{quoted(subscriber)}.inbox", f"{quoted(source)}.outbox"
            found.append(
                Invariant(
                    f"31 {source} to {subscriber}",
                    f"{subscriber} knows no event that {source} has not recorded, and knows each as it was recorded",
                    "quiescent",
                    f"""SELECT i.event_id, i.type || ' ' || i.payload_hash, coalesce(o.payload_hash, 'never recorded')
                    FROM {inbox} i LEFT JOIN {outbox} o ON o.event_id = i.event_id
                    WHERE i.source = '{source}' AND i.received_at <= :before
                    AND (o.event_id IS NULL AND NOT EXISTS (
                             SELECT 1 FROM {quoted(source)}.aggregates a WHERE a.aggregate_id = i.aggregate_id
                             AND a.forgotten >= i.aggregate_version)
                         OR o.payload_hash <> i.payload_hash OR o.type <> i.type
                         OR o.aggregate_version <> i.aggregate_version)""",
                )
            )
    return found


def _by_source(sources: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, source in sorted(sources.items()):
        found.setdefault(source, []).append(kind)
    return found
