"""Messages: everybody is told once, advertising goes to those who agreed, and nothing that is to be sent lies about."""

from shikanji.audit.facts import ONCE_AN_ORDER, WITH_CONSENT
from shikanji.audit.invariant import Invariant

_CONSENT = ", ".join(f"'{name}'" for name in WITH_CONSENT)
_ONCE = ", ".join(f"'{name}'" for name in ONCE_AN_ORDER)

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
        """WITH again AS (
            SELECT customer_id, notification_id, channel FROM notification.notification_logs GROUP BY 1, 2, 3
            HAVING count(*) > 1)
        SELECT min(id), count(*) || ' of ' || kind || ' by ' || channel, '1' FROM notification.notification_logs
        JOIN again USING (customer_id, notification_id, channel) WHERE kind NOT LIKE 'code-%'
        GROUP BY customer_id, notification_id, channel HAVING count(*) > 1
        UNION ALL
        SELECT l.id, l.kind || ' by ' || l.channel, coalesce(n.kind, 'nothing') FROM notification.notification_logs l
        LEFT JOIN notification.notifications n ON n.customer_id = l.customer_id AND n.id = l.notification_id
        WHERE l.kind IS NOT n.kind AND l.kind NOT LIKE 'code-%'""",
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
        """SELECT t.order_id, 'not told', 'told' FROM "order".order_timeline t
        JOIN "order".orders o ON o.id = t.order_id
        WHERE t.status = 'confirmed' AND t.at <= :before AND NOT EXISTS (
            SELECT 1 FROM notification.notifications n
            WHERE n.customer_id = o.customer_id AND n.key = 'order-confirmed:' || t.order_id)""",
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
        """SELECT l.id, 'silence', l.state FROM notification.notification_logs l
        WHERE l.state IN ('sent', 'delivered', 'failed') AND NOT EXISTS (
            SELECT 1 FROM notification.aggregates a WHERE a.aggregate_id = l.id AND a.version > 0)""",
        needs="notification",
    ),
)
