"""Accounts and sessions, what is derived from others' events, and what must never be stored."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import itemgetter

from shikanji.audit.invariant import Ask, Invariant


def _miscounted(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Added up here: no index has what was counted in the order of customers."""
    orders = Counter(map(itemgetter(0), ask("SELECT customer_id FROM customer.counted WHERE kind = 'order'")))
    spent: defaultdict[str, int] = defaultdict(int)
    for customer, amount in ask("SELECT customer_id, amount FROM customer.counted WHERE kind = 'payment'"):
        spent[customer] += amount
    for customer, order_count, total in ask("SELECT id, order_count, total_spent FROM customer.customers"):
        counted = orders[customer], spent.get(customer, 0)
        if (order_count, total) != counted:
            yield customer, f"{order_count} orders, {total} spent", f"{counted[0]} orders, {counted[1]} spent"


ACCESS = (
    Invariant(
        "33",
        "the places of staff are known as the store service has them",
        "quiescent",
        """SELECT s.id, coalesce(p.version || ' ' || coalesce(p.role, 'removed'), 'nothing'),
               s.version || ' ' || CASE WHEN s.removed_at IS NULL THEN s.role ELSE 'removed' END
        FROM store.staff s LEFT JOIN customer.staff_places p ON p.staff_id = s.id
        WHERE coalesce(s.removed_at, s.since) <= :before AND NOT EXISTS (
            SELECT 1 FROM store.outbox e WHERE e.aggregate_id = s.id AND e.occurred_at > :before)
        AND (p.version IS NOT s.version OR p.role IS NOT CASE WHEN s.removed_at IS NULL THEN s.role END)""",
    ),
    Invariant(
        "35a",
        "a customer's totals are what was counted",
        "live",
        judge=_miscounted,
    ),
    Invariant(
        "35b",
        "every order and every payment that came is counted for its customer, and nothing else",
        "quiescent",
        """SELECT o.id, 'order is not counted', 'counted once' FROM odd_orders o
        WHERE o.placed_at <= :before AND NOT EXISTS (
            SELECT 1 FROM customer.counted k WHERE k.kind = 'order' AND k.id = o.id AND k.customer_id = o.customer_id)
        UNION ALL
        SELECT p.id, 'payment is not counted', 'counted once with its amount' FROM odd_payments p
        WHERE p.captured_at <= :before AND NOT EXISTS (
            SELECT 1 FROM customer.counted k WHERE k.kind = 'payment' AND k.id = p.id AND k.amount = p.captured)
        UNION ALL
        SELECT k.id, k.kind || ' is counted', 'no such ' || k.kind FROM odd_counted k
        WHERE CASE k.kind WHEN 'order' THEN NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = k.id)
              ELSE NOT EXISTS (SELECT 1 FROM payment.payments p WHERE p.id = k.id) END
        UNION ALL
        SELECT k.id, k.kind || ' is counted', 'an order or a payment' FROM customer.counted k
        WHERE k.kind NOT IN ('order', 'payment')
        AND NOT EXISTS (SELECT 1 FROM payment.payments p WHERE p.id = k.id)""",
        of_odd=True,
    ),
    Invariant(
        "44a",
        "a disabled account has no live session",
        "live",
        """SELECT s.id, 'a live session of ' || c.id, 'none: the account is disabled' FROM customer.sessions s
        JOIN customer.customers c ON c.id = s.customer_id
        WHERE c.disabled_at IS NOT NULL AND s.revoked_at IS NULL AND s.expires_at > :now""",
    ),
    Invariant(
        "44b",
        "a session has one good refresh token at most, and none once it is revoked",
        "live",
        """SELECT s.id, count(*) || ' good tokens', CASE WHEN s.revoked_at IS NULL THEN '1' ELSE '0' END
        FROM customer.sessions s JOIN customer.refresh_tokens t ON t.session_id = s.id AND t.consumed_at IS NULL
        GROUP BY s.id HAVING count(*) > (s.revoked_at IS NULL)""",
    ),
    Invariant(
        "45",
        "a code is good for ten minutes, five guesses and one use",
        "live",
        """SELECT id, guesses || ' guesses, ' || (expires_at - created_at) / 1000000 || ' s',
               'at most 5 guesses and 600 s, used in time'
        FROM customer.challenges
        WHERE guesses NOT BETWEEN 0 AND 5 OR expires_at - created_at > 600000000
           OR consumed_at > expires_at OR consumed_at < created_at""",
    ),
)
