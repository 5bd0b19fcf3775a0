"""Money: nothing back that did not come, nothing kept that is not due, and the provider's books say the same."""

from shikanji.audit.invariant import Invariant

PAYMENTS = (
    Invariant(
        "14a",
        "no payment gives more back than came, or takes more than was asked for",
        "live",
        """SELECT id, refunded || ' of ' || reserved || ' of ' || captured || ' of ' || amount, 'each at most the next'
        FROM payment.payments
        WHERE NOT (0 <= refunded AND refunded <= reserved AND reserved <= captured AND captured <= amount)""",
    ),
    Invariant(
        "14b",
        "a payment's refunds are the rows that say so",
        "live",
        """SELECT p.id, p.reserved || ' reserved, ' || p.refunded || ' refunded',
               coalesce(sum(r.amount), 0) || ' reserved, ' ||
                   coalesce(sum(CASE r.status WHEN 'completed' THEN r.amount END), 0) || ' refunded'
        FROM odd_payments p LEFT JOIN payment.refunds r ON r.payment_id = p.id GROUP BY p.id
        HAVING p.reserved <> coalesce(sum(r.amount), 0)
            OR p.refunded <> coalesce(sum(CASE r.status WHEN 'completed' THEN r.amount END), 0)""",
        of_odd=True,
    ),
    Invariant(
        "14c",
        "a payment's status follows from its money",
        "live",
        """SELECT id, status || ' with ' || captured || ' captured, ' || refunded || ' refunded', 'its status'
        FROM payment.payments
        WHERE (status IN ('completed', 'refunded')) <> (captured > 0)
           OR (status = 'refunded') <> (captured > 0 AND refunded = captured)""",
    ),
    Invariant(
        "15a",
        "a provider's payment is one payment of ours",
        "live",
        """SELECT min(id), count(*) || ' payments for ' || provider_payment_id, '1' FROM payment.payments
        WHERE provider_payment_id IS NOT NULL GROUP BY provider, provider_payment_id HAVING count(*) > 1""",
    ),
    Invariant(
        "15b",
        "a provider's refund is one refund of ours, and each cause counts once for a payment",
        "live",
        """SELECT min(id), count(*) || ' refunds', '1' FROM payment.refunds
        WHERE provider_refund_id IS NOT NULL GROUP BY provider, provider_refund_id HAVING count(*) > 1
        UNION ALL
        SELECT min(id), count(*) || ' refunds for ' || cause_key, '1' FROM payment.refunds
        GROUP BY payment_id, cause_key HAVING count(*) > 1""",
    ),
    Invariant(
        "16",
        "at most one payment counts for an order; what came besides went back under a cause of its own",
        "quiescent",
        """SELECT order_id, count(*) || ' payments kept', '1 at most' FROM odd_payments
        WHERE captured > 0 AND released IS NULL AND captured_at <= :before GROUP BY order_id HAVING count(*) > 1
        UNION ALL
        SELECT p.id, 'released as ' || p.released, 'a refund with that cause' FROM odd_payments p
        WHERE p.released IS NOT NULL AND p.captured > 0 AND p.updated_at <= :before
        AND p.reserved < p.captured""",
        of_odd=True,
    ),
    Invariant(
        "16b",
        "money that a provider has told of is in its payment",
        "live",
        """SELECT t.provider_payment_id, 'captured', 'payment ' || p.id || ' captured too'
        FROM payment.tries t JOIN payment.payments p ON p.id = t.payment_id
        WHERE t.status = 'captured' AND p.captured = 0""",
    ),
    Invariant(
        "17",
        "no money without an order",
        "quiescent",
        """SELECT p.id, 'order ' || p.order_id || ' is not there', 'an order' FROM odd_payments p
        WHERE p.captured > 0 AND p.captured_at <= :before
        AND NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = p.order_id)""",
        of_odd=True,
    ),
    Invariant(
        "19a",
        "what we say was captured, the provider has captured",
        "quiescent",
        """SELECT p.id, p.captured || '', coalesce(s.amount || ' ' || s.status, 'nothing at the provider')
        FROM payment.payments p LEFT JOIN sandbox.payments s ON s.id = p.provider_payment_id
        WHERE p.provider = 'sandbox' AND p.captured > 0 AND p.captured_at <= :before
        AND (s.id IS NULL OR s.status <> 'captured' OR s.amount <> p.captured)""",
        needs="sandbox",
    ),
    Invariant(
        "19b",
        "what the provider has captured is known here, at the latest by the daily look into its books",
        "quiescent",
        """SELECT s.id, 'captured ' || s.amount || ' at the provider', 'a captured payment here' FROM sandbox.payments s
        WHERE s.status = 'captured' AND s.created_at <= :before - 90000000000 AND NOT EXISTS (
            SELECT 1 FROM payment.payments p WHERE p.provider = 'sandbox' AND p.provider_payment_id = s.id
            AND p.captured = s.amount)""",
        needs="sandbox",
    ),
    Invariant(
        "19c",
        "what went back here went back at the provider, once",
        "quiescent",
        """SELECT r.id, r.amount || ' ' || r.status, coalesce(s.amount || ' ' || s.status, 'nothing at the provider')
        FROM payment.refunds r LEFT JOIN sandbox.refunds s ON s.idempotency_key = r.provider_key
        WHERE r.provider = 'sandbox' AND r.status = 'completed' AND r.completed_at <= :before
        AND (s.id IS NULL OR s.status <> 'processed' OR s.amount <> r.amount)
        UNION ALL
        SELECT s.id, 'nothing here', s.amount || ' at the provider' FROM sandbox.refunds s
        WHERE s.created_at <= :before AND NOT EXISTS (
            SELECT 1 FROM payment.refunds r WHERE r.provider_key = s.idempotency_key AND r.amount = s.amount)""",
        needs="sandbox",
    ),
    Invariant(
        "20",
        "no payment stays unknown without the provider being asked",
        "quiescent",
        """SELECT id, 'unknown since ' || updated_at || ', asked ' || coalesce(checked_at, 'never'),
               'asked within five minutes'
        FROM payment.payments WHERE unknown = 1 AND updated_at <= :before - 900000000
        AND coalesce(checked_at, 0) <= :before - 300000000""",
    ),
    Invariant(
        "21a",
        "a webhook is stored once, as it came",
        "live",
        """SELECT id, raw_hash, sha256_hex(raw) FROM payment.webhooks WHERE raw_hash <> sha256_hex(raw)
        UNION ALL
        SELECT min(id), count(*) || ' rows of ' || event_id, '1' FROM payment.webhooks GROUP BY provider, event_id
        HAVING count(*) > 1""",
    ),
    Invariant(
        "21b",
        "a webhook is dealt with, or will be looked at again",
        "quiescent",
        """SELECT id, state || ', next ' || coalesce(next_at, 'never'), 'dealt with, or looked at in time'
        FROM payment.webhooks WHERE received_at <= :before
        AND (state = 'waiting' AND (next_at IS NULL OR next_at <= :before)
             OR state NOT IN ('waiting', 'processed', 'ignored', 'dead'))""",
    ),
)
