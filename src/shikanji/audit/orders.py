"""Orders: their steps, their sums, and that each is exactly one of the things that an order can be."""

from shikanji.audit.invariant import Invariant

ORDERS = (
    Invariant(
        "1a",
        "an order's status is its last step",
        "live",
        """SELECT o.id, o.status || ' at version ' || o.version, t.status || ' at version ' || t.version
        FROM odd_orders o LEFT JOIN "order".order_timeline t ON t.order_id = o.id AND t.version = (
            SELECT max(l.version) FROM "order".order_timeline l WHERE l.order_id = o.id)
        WHERE t.status IS NOT o.status OR t.version IS NOT o.version""",
        of_odd=True,
    ),
    Invariant(
        "1b",
        "steps are legal and numbered 1 to n",
        "live",
        """SELECT t.order_id, t.steps, 'legal steps with the next number each' FROM (
            SELECT order_id, group_concat(version || ' ' || status) AS steps FROM odd_steps
            GROUP BY order_id) t JOIN "order".orders o ON o.id = t.order_id
        WHERE NOT are_legal(o.fulfilment, t.steps)""",
        of_odd=True,
    ),
    Invariant(
        "2a",
        "no order waits past its deadline",
        "quiescent",
        """SELECT id, status || ' since its deadline at ' || deadline, 'a step taken by the clock'
        FROM odd_orders WHERE deadline <= :before""",
        of_odd=True,
    ),
    Invariant(
        "2b",
        "every order that waits has a live timer",
        "live",
        """SELECT o.id, 'no timer', 'due at ' || o.deadline FROM odd_orders o
        WHERE o.deadline IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "order".jobs j WHERE j.key = o.id AND j.kind IN ('payment-window', 'completion')
            AND j.due_at >= o.deadline)""",
        of_odd=True,
    ),
    Invariant(
        "2c",
        "an order waits exactly where it should: for money, or for its completion",
        "live",
        """SELECT id, status || CASE WHEN deadline IS NULL THEN ' without' ELSE ' with' END || ' a deadline',
               'the other'
        FROM odd_orders WHERE (deadline IS NOT NULL) <> (status IN ('pending', 'delivered'))""",
        of_odd=True,
    ),
    Invariant(
        "3",
        "every order is one of: waiting with its stock held, sold and paid, cash to come, cancelled and square",
        "quiescent",
        """SELECT o.id,
               o.status || ' ' || o.payment_method || ', hold ' || coalesce(h.state, 'missing') || ', ' ||
                   coalesce(m.kept, 0) || ' kept',
               CASE WHEN o.status = 'pending' THEN 'hold tied, 0 kept'
                    WHEN o.status = 'cancelled' THEN 'hold ended, 0 kept'
                    WHEN o.payment_method = 'cod' AND o.status NOT IN ('delivered', 'completed')
                    THEN 'hold sold, 0 kept'
                    ELSE 'hold sold, ' || (o.total - coalesce(a.amount, 0)) || ' kept' END
        FROM odd_orders o LEFT JOIN inventory.holds h ON h.order_id = o.id AND h.attempt = o.attempt
        LEFT JOIN money m ON m.order_id = o.id LEFT JOIN asked_back a ON a.order_id = o.id
        WHERE NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id)
        AND coalesce(m.changed_at, 0) <= :before AND coalesce(h.ended_at, 0) <= :before AND NOT EXISTS (
            SELECT 1 FROM "order".revivals r WHERE r.order_id = o.id AND r.state = 'open')
        AND NOT CASE WHEN o.status = 'pending' THEN h.state IS 'tied' AND coalesce(m.kept, 0) = 0
                     WHEN o.status = 'cancelled'
                     THEN coalesce(h.state, '') IN ('returned', 'cancelled', 'released', 'broken')
                          AND coalesce(m.kept, 0) = 0
                     WHEN o.payment_method = 'cod' AND o.status NOT IN ('delivered', 'completed')
                     THEN h.state IS 'sold' AND coalesce(m.kept, 0) = 0
                     ELSE h.state IS 'sold' AND coalesce(m.kept, 0) = o.total - coalesce(a.amount, 0) END""",
        of_odd=True,
    ),
    Invariant(
        "3c",
        "money that is to go back is not long on its way",
        "quiescent",
        """SELECT id, status || ' since ' || created_at, 'completed within two days' FROM payment.refunds
        WHERE status <> 'completed' AND created_at <= :before - 172800000000""",
    ),
    Invariant(
        "4a",
        "an order's sums follow from its frozen lines",
        "live",
        """SELECT id, sums || ' and delivery ' || delivery_paid || ' for a total of ' || total,
               line_sums(lines_document) || ' by its lines'
        FROM (SELECT *, subtotal || ' ' || discount || ' ' || points_discount || ' ' || (tax - CASE
                            WHEN delivery_fee_tax = 0 THEN 0
                            WHEN json_extract(CAST(details_document AS TEXT), '$.fee_tax.included') = 1 THEN 0
                            ELSE delivery_fee_tax END) || ' ' || (total - delivery_paid) || ' 0' AS sums
              FROM odd_orders)
        WHERE sums <> line_sums(lines_document)
           OR total <> subtotal - discount - points_discount + delivery_fee + tax + round_off""",
        of_odd=True,
    ),
    Invariant(
        "4b",
        "a payment asks for the order's total",
        "quiescent",
        """SELECT p.id, p.amount || '', o.total || '' FROM odd_payments p JOIN "order".orders o ON o.id = p.order_id
        WHERE p.amount <> o.total AND p.created_at <= :before""",
        of_odd=True,
    ),
    Invariant(
        "5a",
        "one idempotency key of one caller makes one order in the seven days that its answer is kept",
        "live",
        """WITH again AS (
            SELECT placed_by, idempotency_key FROM odd_orders GROUP BY 1, 2 HAVING count(*) > 1)
        SELECT id, 'placed ' || (placed_at - previous_at) || ' µs after another one', 'one order' FROM (
            SELECT id, placed_at, lag(placed_at) OVER (
                PARTITION BY placed_by, idempotency_key ORDER BY placed_at, id) AS previous_at
            FROM odd_orders JOIN again USING (placed_by, idempotency_key))
        WHERE placed_at - previous_at < 604800000000""",
        of_odd=True,
    ),
    Invariant(
        "5b",
        "an answer that was kept for a placed order has its order",
        "live",
        """SELECT i.effect_id, 'no such order', 'the order that the answer shows' FROM "order".idempotency i
        WHERE i.route = 'POST /api/v1/orders' AND i.answer IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = i.effect_id)""",
    ),
    Invariant(
        "5c",
        "the claim of a written order is closed, so that nobody writes it again",
        "live",
        """SELECT i.effect_id, 'an open claim', 'the answer that was given' FROM "order".idempotency i
        JOIN "order".orders o ON o.id = i.effect_id WHERE i.answer IS NULL""",
    ),
    Invariant(
        "6a",
        "a late payment's order is brought back or refused in time, by a job that is there until then",
        "quiescent",
        """SELECT r.order_id, 'open, next try ' || coalesce(j.due_at, 'never'), 'closed by ' || r.until
        FROM "order".revivals r LEFT JOIN "order".jobs j ON j.kind = 'revive' AND j.key = r.order_id
        WHERE r.state = 'open' AND r.opened_at <= :before
        AND (j.key IS NULL OR r.until <= :before AND j.due_at <= :before)""",
    ),
    Invariant(
        "6b",
        "an order that was brought back stands under the attempt that was held for it, and a refused one is cancelled",
        "live",
        """SELECT r.order_id, r.state || ' attempt ' || r.attempt || ', order ' || o.status || ' under ' || o.attempt,
               'a confirmed one under that attempt, a refused one cancelled'
        FROM "order".revivals r JOIN "order".orders o ON o.id = r.order_id
        WHERE r.state = 'confirmed' AND o.attempt <> r.attempt
           OR r.state = 'refused' AND o.status <> 'cancelled' OR r.state NOT IN ('open', 'confirmed', 'refused')""",
    ),
    Invariant(
        "6c",
        "a cancelled order keeps no place in a slot",
        "quiescent",
        """SELECT p.order_id, p.state, 'released' FROM store.slot_places p
        JOIN "order".orders o ON o.id = p.order_id AND o.status = 'cancelled'
        WHERE p.state <> 'released' AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id)""",
    ),
    Invariant(
        "7",
        "an order's lines are as they were placed",
        "live",
        """SELECT id, lines_hash, blake2b_hex(lines_document) FROM odd_orders
        WHERE lines_hash <> blake2b_hex(lines_document)""",
        of_odd=True,
    ),
    Invariant(
        "43",
        "order, hold, place, dues, payment and refund are of one store",
        "quiescent",
        " UNION ALL ".join(
            f"""SELECT o.id, o.store_id || ' but {part} ' || other.store_id, 'the same store' FROM {joined}
            WHERE other.store_id <> o.store_id AND o.placed_at <= :before"""
            for part, joined in (
                ("hold", "odd_orders o CROSS JOIN inventory.holds other ON other.order_id = o.id"),
                ("dues", "odd_orders o CROSS JOIN payment.dues other ON other.order_id = o.id"),
                ("payment", "odd_orders o CROSS JOIN payment.payments other ON other.order_id = o.id"),
                ("refund", "odd_orders o CROSS JOIN payment.refunds other ON other.order_id = o.id"),
                (
                    "movement",
                    """odd_orders o CROSS JOIN inventory.movements m ON m.order_id = o.id
                    CROSS JOIN inventory.stock other ON other.id = m.stock_id""",
                ),
                # Few orders have one.
                (
                    "slot",
                    """store.slot_places other CROSS JOIN "order".orders o ON o.id = other.order_id
                    AND other.state <> 'released'""",
                ),
            )
        ),
        of_odd=True,
    ),
)
