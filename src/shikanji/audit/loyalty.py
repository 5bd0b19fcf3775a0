"""Points and coupons: double entry adds up, orders earned what they should, and no limit was passed."""

from collections import defaultdict
from collections.abc import Iterator

from shikanji.audit.invariant import Ask, Invariant

_CHANGE = "(CASE WHEN target = '{0}' THEN points ELSE 0 END - CASE WHEN source = '{0}' THEN points ELSE 0 END)"
_PENDING, _AVAILABLE, _HELD, _DEBT = (_CHANGE.format(name) for name in ("pending", "available", "held", "debt"))
_NEVER_BELOW = ("available", "pending", "held")
_EACH = "CASE c.type WHEN 'referral' THEN 1 ELSE c.usage_limit_per_customer END"

_MOVES = """SELECT customer_id, number, balance, source, target, points FROM loyalty.loyalty_transactions
ORDER BY customer_id, number"""


def _overdrawn(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Gone through here, in the order of the key: a sum over each prefix costs SQLite four times as much."""
    last, place, accounts = None, 0, _nothing()
    for customer, number, balance, source, target, points in ask(_MOVES):
        if customer != last:
            last, place, accounts = customer, 0, _nothing()
        place += 1
        accounts[source] -= points
        accounts[target] += points
        # Only what is owed stands below zero: members have what is missing on the other side.
        is_below = accounts["debt"] > 0 or (source in _NEVER_BELOW and accounts[source] < 0)
        if is_below or number != place or balance != accounts["available"]:
            expected = ", ".join(f"{name} {accounts[name]}" for name in (*_NEVER_BELOW, "debt"))
            yield f"{customer}/{number}", f"{balance} as number {number}", f"as number {place}: {expected}"


def _nothing() -> defaultdict[str, int]:
    return defaultdict(int)


LOYALTY = (
    Invariant(
        "22a",
        "a member's points are the sum of their transactions",
        "live",
        f"""SELECT m.customer_id, m.pending || '/' || m.available || '/' || m.held || '/' || m.debt || ', ' || m.number,
               coalesce(t.pending, 0) || '/' || coalesce(t.available, 0) || '/' || coalesce(t.held, 0) || '/' ||
                   coalesce(t.debt, 0) || ', ' || coalesce(t.number, 0)
        FROM loyalty.members m LEFT JOIN (
            SELECT customer_id, sum({_PENDING}) AS pending, sum({_AVAILABLE}) AS available, sum({_HELD}) AS held,
                   -sum({_DEBT}) AS debt, count(*) AS number FROM loyalty.loyalty_transactions GROUP BY customer_id
        ) t ON t.customer_id = m.customer_id
        WHERE m.pending <> coalesce(t.pending, 0) OR m.available <> coalesce(t.available, 0)
           OR m.held <> coalesce(t.held, 0) OR m.debt <> coalesce(t.debt, 0) OR m.number <> coalesce(t.number, 0)""",
        needs="loyalty",
    ),
    Invariant(
        "22b",
        "no account of a member was ever below zero, and each balance is the one after its transaction",
        "live",
        judge=_overdrawn,
        needs="loyalty",
    ),
    Invariant(
        "23",
        "an order earns once, redeems once, and nothing that may happen once happened twice",
        "live",
        """SELECT order_id || ' ' || kind, count(*) || ' times', 'once' FROM loyalty.loyalty_transactions
        WHERE order_id IS NOT NULL AND kind IN ('earn', 'bonus', 'redeem') GROUP BY order_id, kind, customer_id
        HAVING count(*) > 1
        UNION ALL SELECT key, count(*) || ' times', 'once' FROM loyalty.loyalty_transactions
        WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1""",
        needs="loyalty",
    ),
    Invariant(
        "24a",
        "an order has earned exactly when it is completed, and is to earn exactly while it is on its way",
        "quiescent",
        """SELECT o.id, o.status || ': ' ||
                   coalesce(e.pending || ' pending, ' || e.granted || ' granted', 'nothing known'),
               'of ' || coalesce(e.points, 0) || ' points for ' || o.goods || ' paise: granted when completed'
        FROM odd_orders o LEFT JOIN loyalty.earnings e ON e.order_id = o.id
        WHERE o.status <> 'pending' AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id) AND NOT EXISTS (
            SELECT 1 FROM payment.refunds r WHERE r.order_id = o.id AND r.updated_at > :before)
        AND CASE WHEN e.order_id IS NULL THEN o.status <> 'cancelled'
            WHEN o.status = 'cancelled' THEN e.pending + e.granted + e.bonus_granted <> 0
            ELSE e.goods IS NOT o.goods OR e.total <> o.total
                 OR CASE WHEN o.status = 'completed' THEN e.granted ELSE e.pending END <> CASE WHEN e.refunded = 0
                    THEN e.points ELSE e.points * max(e.total - e.refunded, 0) / max(e.total, 1) END
                 OR CASE WHEN o.status = 'completed' THEN e.pending ELSE e.granted END <> 0 END""",
        needs="loyalty",
        of_odd=True,
    ),
    Invariant(
        "24b",
        "what was paid back on request reversed points in proportion, and nothing else did",
        "quiescent",
        """SELECT order_id, sum(counted) || ' counted', sum(amount) || '' FROM (
            SELECT order_id, refunded AS counted, 0 AS amount, 0 AS changed_at FROM loyalty.earnings WHERE refunded <> 0
            UNION ALL SELECT order_id, 0, amount, updated_at FROM payment.refunds
            WHERE cause = 'requested' AND status = 'completed')
        GROUP BY order_id HAVING sum(counted) <> sum(amount) AND max(changed_at) <= :before""",
        needs="loyalty",
    ),
    Invariant(
        "24c",
        "what the ledger says of an order is what the order's row says",
        "live",
        """SELECT e.order_id, coalesce(t.points, 0) || ' in the ledger', (e.pending + e.granted + e.bonus_granted) || ''
        FROM loyalty.earnings e LEFT JOIN (
            SELECT order_id, customer_id, sum(CASE WHEN source = 'program' THEN points ELSE -points END) AS points
            FROM loyalty.loyalty_transactions
            WHERE order_id IS NOT NULL AND (source = 'program' OR target = 'program')
            GROUP BY order_id, customer_id) t ON t.order_id = e.order_id AND t.customer_id = e.customer_id
        WHERE coalesce(t.points, 0) <> e.pending + e.granted + e.bonus_granted""",
        needs="loyalty",
    ),
    Invariant(
        "25a",
        "no lot gave more than it had, and what can be spent lies in lots",
        "live",
        """SELECT id, consumed || ' + ' || expired || ', reversed ' || reversed, 'at most ' || granted FROM loyalty.lots
        WHERE consumed < 0 OR expired < 0 OR consumed + expired > granted OR reversed < 0 OR reversed > granted
        UNION ALL SELECT m.customer_id, m.available || '', coalesce(l.remaining, 0) || ' in lots'
        FROM loyalty.members m LEFT JOIN (
            SELECT customer_id, sum(granted - consumed - expired) AS remaining FROM loyalty.lots GROUP BY customer_id
        ) l ON l.customer_id = m.customer_id WHERE m.available <> coalesce(l.remaining, 0)""",
        needs="loyalty",
    ),
    Invariant(
        "25b",
        "a lot ends once and whole, and what ended stands in the ledger",
        "live",
        """SELECT customer_id, sum(expired) || ' of lots', sum(points) || ' in the ledger' FROM (
            SELECT customer_id, expired, 0 AS points FROM loyalty.lots WHERE expired <> 0
            UNION ALL SELECT customer_id, 0, points FROM loyalty.loyalty_transactions WHERE kind = 'expire')
        GROUP BY customer_id HAVING sum(expired) <> sum(points)""",
        needs="loyalty",
    ),
    Invariant(
        "26a",
        "a campaign counts its uses, and never more than its limit",
        "live",
        """SELECT c.id, c.used || ' used', count(u.order_id) || ' of ' || coalesce(c.usage_limit, 'any')
        FROM loyalty.campaigns c
        LEFT JOIN loyalty.campaign_usage u ON u.campaign_id = c.id AND u.released = 0
        GROUP BY c.id HAVING c.used <> count(u.order_id) OR c.used > c.usage_limit""",
        needs="loyalty",
    ),
    Invariant(
        "26b",
        "each customer's uses of a campaign are counted, and never more than each may have",
        "live",
        f"""SELECT coalesce(u.campaign_id, n.campaign_id) || ' ' || coalesce(u.customer_id, n.customer_id),
               coalesce(n.used, 0) || ' counted', coalesce(u.uses, 0) || ' of ' || coalesce({_EACH}, 'any')
        FROM (SELECT campaign_id, customer_id, count(*) AS uses FROM loyalty.campaign_usage WHERE released = 0
              GROUP BY campaign_id, customer_id) u
        FULL JOIN loyalty.campaign_customers n ON n.campaign_id = u.campaign_id AND n.customer_id = u.customer_id
        LEFT JOIN loyalty.campaigns c ON c.id = coalesce(u.campaign_id, n.campaign_id)
        WHERE coalesce(n.used, 0) <> coalesce(u.uses, 0) OR coalesce(u.uses, 0) > {_EACH}""",
        needs="loyalty",
    ),
    Invariant(
        "27a",
        "what an order has off is what was spent for it, and for no other",
        "quiescent",
        """WITH spent AS (
            SELECT h.order_id, h.attempt, h.points,
                   (SELECT coalesce(sum(json_extract(u.value, '$.discount')), 0)
                    FROM json_each(CAST(h.uses AS TEXT)) u) AS discount
            FROM loyalty.benefit_holds h WHERE h.state = 'spent' AND h.held_at <= :before),
        ordered AS (
            SELECT o.id AS order_id, o.attempt, o.discount,
                   json_extract(CAST(o.details_document AS TEXT), '$.points_redeemed') AS points
            FROM "order".orders o WHERE o.benefits = 1 AND o.status NOT IN ('pending', 'cancelled')
            AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id))
        SELECT order_id || '/' || attempt,
               coalesce(max(spent_points) || ' points, ' || max(spent_discount), 'nothing') || ' spent',
               coalesce(max(points) || ' points, ' || max(discount), 'nothing') || ' in the order'
        FROM (SELECT order_id, attempt, points AS spent_points, discount AS spent_discount, NULL AS points,
                     NULL AS discount FROM spent
              UNION ALL SELECT order_id, attempt, NULL, NULL, points, discount FROM ordered)
        GROUP BY order_id, attempt
        HAVING max(spent_points) IS NOT max(points) OR max(spent_discount) IS NOT max(discount)""",
        needs="loyalty",
    ),
    Invariant(
        "27b",
        "what an order that was cancelled had off is released",
        "quiescent",
        """SELECT h.order_id || '/' || h.attempt, h.state, 'released or returned' FROM loyalty.benefit_holds h
        JOIN "order".orders o ON o.id = h.order_id AND o.status = 'cancelled'
        WHERE h.state NOT IN ('released', 'returned') AND NOT EXISTS (
            SELECT 1 FROM young y WHERE y.order_id = o.id) AND NOT EXISTS (
            SELECT 1 FROM "order".revivals r WHERE r.order_id = o.id AND r.state = 'open')""",
        needs="loyalty",
    ),
    Invariant(
        "27c",
        "no benefits that nobody tied outlive their time",
        "quiescent",
        """SELECT order_id || '/' || attempt, 'active until ' || expires_at, 'tied or released'
        FROM loyalty.benefit_holds WHERE state = 'active' AND expires_at <= :before - 120000000""",
        needs="loyalty",
    ),
)
