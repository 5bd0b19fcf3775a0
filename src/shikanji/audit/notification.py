"""Messages: everybody is told once, advertising goes to those who agreed, and nothing that is to be sent lies about."""

from collections.abc import Iterator

from shikanji.audit.facts import CONFIRMED_DAYS_MAX, INBOX_DAYS_MIN, ONCE_AN_ORDER, WITH_CONSENT
from shikanji.audit.invariant import Ask, Invariant
from shikanji.kit.clock import DAY, HOUR
from shikanji.kit.ids import first_id, is_uuid, made_at

_CONSENT = ", ".join(f"'{name}'" for name in WITH_CONSENT)
_ONCE = ", ".join(f"'{name}'" for name in ONCE_AN_ORDER)
_SENT_AGAIN = """SELECT min(id), count(*) || ' of ' || kind || ' by ' || channel, '1'
    FROM notification.notification_logs WHERE kind NOT LIKE 'code-%'
    GROUP BY notification_id, channel HAVING count(*) > 1"""
MARGIN = HOUR
"""By which clocks of processes, and the times of one message and its ways, are apart at most."""


def _kept_since(ask: Ask) -> int:
    """From here on (µs) nobody's messages were forgotten: the oldest go first, and none that is younger than the
    shortest time that can be set."""
    oldest, now = ask("SELECT (SELECT min(id) FROM notification.notifications), :now").fetchone()
    youngest: int = now - INBOX_DAYS_MIN * DAY
    return min(youngest, made_at(oldest) + MARGIN) if oldest is not None and is_uuid(oldest) else youngest


def _sent_without_a_message(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Of what was sent so long ago that its message may be forgotten, only that it was sent once is asked."""
    logs, ways = ask(
        """SELECT (SELECT count(*) FROM notification.notification_logs), (SELECT count(*) FROM (
            SELECT DISTINCT notification_id, channel FROM notification.notification_logs))"""
    ).fetchone()
    if logs != ways:
        yield from ask(_SENT_AGAIN)
    yield from ask(
        f"""SELECT l.id, l.kind || ' by ' || l.channel, coalesce(n.kind, 'nothing')
        FROM notification.notification_logs l LEFT JOIN notification.notifications n ON n.id = l.notification_id
        WHERE l.id >= '{first_id(_kept_since(ask))}' AND (l.kind IS NOT n.kind OR l.customer_id IS NOT n.customer_id)
          AND l.kind NOT LIKE 'code-%'"""
    )


def _not_told(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Who was confirmed since has been placed not long before: so orders are read from there on."""
    since = _kept_since(ask)
    yield from ask(
        f"""SELECT t.order_id, 'not told', 'told' FROM "order".order_timeline t
        JOIN "order".orders o ON o.id = t.order_id
        WHERE t.order_id >= '{first_id(since - CONFIRMED_DAYS_MAX * DAY)}' AND t.at >= {since}
          AND t.status = 'confirmed' AND t.at <= :before AND NOT EXISTS (
            SELECT 1 FROM notification.notifications n
            WHERE n.customer_id = o.customer_id AND n.key = 'order-confirmed:' || t.order_id)"""
    )


def _silence(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Both are read side by side, in the order of their keys."""
    silent = ask(
        """SELECT id FROM notification.notification_logs WHERE state IN ('sent', 'delivered', 'failed')
        EXCEPT SELECT aggregate_id FROM notification.aggregates WHERE version > 0 ORDER BY 1"""
    )
    yield from ((log_id, "silence", "told") for (log_id,) in silent)


NOTIFICATIONS = (
    Invariant(
        "36a",
        "nobody is told twice of one thing",
        "live",
        # Who could be told twice would have two keys for one thing: each key stands once for a person.
        f"""SELECT customer_id || ' ' || id, key, kind || ':' || order_id FROM notification.notifications
        WHERE kind IN ({_ONCE}) AND order_id IS NOT NULL AND key <> kind || ':' || order_id""",
        needs="notification",
    ),
    Invariant(
        "36b",
        "what is sent is somebody's message, on each way once",
        "live",
        judge=_sent_without_a_message,
        needs="notification",
    ),
    Invariant(
        "36c",
        "advertising is sent with consent only",
        "live",
        f"""SELECT id, coalesce('consent since ' || consent_at, 'no consent'), 'sent at ' || ended_at
        FROM notification.notification_logs
        WHERE kind IN ({_CONSENT}) AND state IN ('sent', 'delivered')
          AND (consent_at IS NULL OR consent_at > ended_at)""",
        needs="notification",
    ),
    Invariant(
        "36d",
        "whose order was confirmed is told",
        "quiescent",
        judge=_not_told,
        needs="notification",
    ),
    Invariant(
        "36e",
        "nothing waits to be sent long after it was due",
        "quiescent",
        """SELECT id, 'due at ' || due_at, 'sent or given up' FROM notification.notification_logs
        WHERE state = 'waiting' AND due_at <= :before - 300000000""",
        needs="notification",
    ),
    Invariant(
        "36f",
        "what was sent or given up is told to the other services",
        "live",
        judge=_silence,
        needs="notification",
    ),
)
