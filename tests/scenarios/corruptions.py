"""What is done to a platform's databases to see whether the audit finds it."""

from pathlib import Path

import pysqlite3

from shikanji.kit.clock import DAY

CONFIRMED = "(SELECT id FROM orders WHERE status = 'confirmed' LIMIT 1)"
COMPLETED = "(SELECT id FROM orders WHERE status = 'completed' AND payment_method = 'online' LIMIT 1)"
CANCELLED = "(SELECT id FROM orders WHERE status = 'cancelled' LIMIT 1)"

# Invariant, database, what is done to it. Times are moved a day back, so that nothing is too young to be looked at.
PLANTED = [
    ("1a", "order", f"UPDATE orders SET status = 'ready' WHERE id = {CONFIRMED}"),
    ("1b", "order", "UPDATE order_timeline SET status = 'delivered' WHERE status = 'ready'"),
    ("1b", "order", "DELETE FROM order_timeline WHERE version = 2 AND status = 'confirmed'"),
    ("2a", "order", f"UPDATE orders SET deadline = placed_at WHERE id = {CONFIRMED}"),
    ("2b", "order", f"UPDATE orders SET deadline = placed_at + {DAY} WHERE id = {CONFIRMED}"),
    ("2c", "order", f"UPDATE orders SET deadline = placed_at + {DAY} WHERE id = {CONFIRMED}"),
    ("3", "inventory", "UPDATE holds SET state = 'released' WHERE state = 'sold'"),
    ("3", "payment", "UPDATE payments SET captured = captured - 100 WHERE status = 'completed' AND reserved = 0"),
    ("3c", "payment", "UPDATE refunds SET status = 'failed', created_at = created_at - 260000000000"),
    ("4a", "order", "UPDATE orders SET subtotal = subtotal + 100, total = total + 100"),
    ("4b", "payment", "UPDATE payments SET amount = amount + 100"),
    ("4c", "payment", "UPDATE invoices SET total = total + 2, taxable = taxable + 2"),
    ("5a", "order", "UPDATE orders SET idempotency_key = 'the same for all', placed_by = 'one'"),
    ("5b", "order", "UPDATE idempotency SET effect_id = effect_id || ' is gone' WHERE route = 'POST /api/v1/orders'"),
    ("5c", "order", "UPDATE idempotency SET answer = NULL WHERE route = 'POST /api/v1/orders'"),
    (
        "6a",
        "order",
        "INSERT INTO revivals SELECT id, 2, 'open', placed_at, placed_at, NULL, NULL FROM orders "
        f"WHERE id = {CANCELLED}",
    ),
    (
        "6b",
        "order",
        f"INSERT INTO revivals SELECT id, 2, 'refused', placed_at, placed_at, 1, '' FROM orders WHERE id = {CONFIRMED}",
    ),
    ("6c", "store", "INSERT INTO slot_places SELECT '{cancelled}', 1, id, 0, 'tied', 0 FROM stores LIMIT 1"),
    ("7", "order", "UPDATE orders SET lines_document = replace(CAST(lines_document AS TEXT), 'Shikanji', 'Nimbu')"),
    ("8", "inventory", "UPDATE stock SET on_hand = on_hand + 1 WHERE id = (SELECT min(id) FROM stock)"),
    ("8b", "inventory", "DELETE FROM movements WHERE kind = 'receipt'"),
    ("8b", "inventory", "UPDATE purchase_receipt_lines SET quantity = quantity + 1"),
    ("8b", "inventory", "UPDATE purchase_orders SET store_id = 'elsewhere'"),
    ("8c", "inventory", "UPDATE purchase_order_lines SET received = received + 1, cancelled = 0 WHERE received > 0"),
    ("8c", "inventory", "UPDATE purchase_order_lines SET quantity = 1"),
    ("8d", "inventory", "UPDATE purchase_orders SET status = 'confirmed'"),
    ("8d", "inventory", "UPDATE purchase_orders SET total = total + 1"),
    ("9", "inventory", "UPDATE stock SET held = 1 WHERE id = (SELECT min(id) FROM stock)"),
    ("10a", "inventory", "DELETE FROM movements WHERE kind = 'sale'"),
    (
        "10a",
        "inventory",
        "INSERT INTO holds SELECT order_id, 9, store_id, customer_id, 'sold', lines, answer, held_at, expires_at, "
        "ended_at FROM holds WHERE state = 'sold' LIMIT 1",
    ),
    ("10b", "inventory", "UPDATE movements SET delta = 1000 WHERE kind = 'restock'"),
    (
        "10b",
        "inventory",
        "INSERT INTO movements SELECT stock_id, 'x' || id, at, kind, delta, on_hand, reason, 'nobody', attempt, by "
        "FROM movements WHERE kind = 'sale' LIMIT 1",
    ),
    ("11", "inventory", "UPDATE holds SET lines = '[]' WHERE state = 'sold'"),
    ("11b", "inventory", "UPDATE holds SET order_id = 'nobody' || order_id WHERE state = 'sold'"),
    (
        "12a",
        "inventory",
        "INSERT INTO holds SELECT 'late', 1, store_id, customer_id, 'active', '[]', '', 0, 0, NULL FROM holds LIMIT 1",
    ),
    ("12b", "store", "INSERT INTO slot_places SELECT 'late', 1, id, 0, 'untied', 0 FROM stores LIMIT 1"),
    ("12c", "store", "INSERT INTO slots SELECT id, 0, 3 FROM stores LIMIT 1"),
    ("13", "inventory", "UPDATE movements SET delta = delta - 1 WHERE kind = 'sale'"),
    ("14a", "payment", "UPDATE payments SET refunded = captured + 1 WHERE captured > 0"),
    ("14b", "payment", "UPDATE refunds SET amount = amount + 1"),
    ("14c", "payment", "UPDATE payments SET status = 'failed' WHERE captured > 0"),
    ("15a", "payment", "UPDATE payments SET provider_payment_id = 'one' WHERE captured > 0"),
    ("15b", "payment", "UPDATE refunds SET provider_refund_id = 'one', provider = 'sandbox'"),
    (
        "16",
        "payment",
        "UPDATE payments SET order_id = (SELECT max(order_id) FROM payments), number = number + rowid_()",
    ),
    ("16b", "payment", "UPDATE payments SET captured = 0, provider_payment_id = NULL"),
    ("17", "payment", "UPDATE payments SET order_id = 'nobody', number = rowid_() WHERE captured > 0"),
    ("19a", "sandbox", "DELETE FROM payments"),
    (
        "19b",
        "sandbox",
        "INSERT INTO payments SELECT 'pay_unknown', order_id, amount, 'captured', method, NULL, 0, 0 FROM payments "
        "LIMIT 1",
    ),
    ("19c", "sandbox", "DELETE FROM refunds"),
    ("19c", "sandbox", "UPDATE refunds SET idempotency_key = 'not ours' || id"),
    ("20", "payment", "UPDATE payments SET unknown = 1, updated_at = 0, checked_at = NULL WHERE captured > 0"),
    ("21a", "payment", "UPDATE webhooks SET raw = x'7b7d'"),
    ("21b", "payment", "UPDATE webhooks SET state = 'waiting', next_at = NULL"),
    ("22a", "loyalty", "UPDATE members SET available = available + 1 WHERE number > 0"),
    ("22b", "loyalty", "UPDATE loyalty_transactions SET balance = balance + 1 WHERE kind = 'earn'"),
    ("22b", "loyalty", "DELETE FROM loyalty_transactions WHERE kind = 'hold'"),
    (
        "23",
        "loyalty",
        "INSERT INTO loyalty_transactions SELECT customer_id, number + 1000, kind, source, target, points, balance, "
        "order_id, key, reason, by, at FROM loyalty_transactions WHERE kind = 'redeem' LIMIT 1",
    ),
    ("24a", "loyalty", "UPDATE earnings SET granted = granted + 1 WHERE granted > 0"),
    ("24a", "loyalty", "DELETE FROM earnings WHERE completed = 1"),
    ("24b", "loyalty", "UPDATE earnings SET refunded = 0 WHERE refunded > 0"),
    ("24c", "loyalty", "UPDATE loyalty_transactions SET points = points + 1 WHERE kind = 'pending'"),
    ("25a", "loyalty", "UPDATE lots SET consumed = consumed + 1"),
    ("25b", "loyalty", "UPDATE lots SET expired = 1"),
    ("26a", "loyalty", "UPDATE campaigns SET used = used + 1"),
    ("26a", "loyalty", "UPDATE campaigns SET usage_limit = 0"),
    ("26b", "loyalty", "DELETE FROM campaign_customers"),
    ("27a", "loyalty", "UPDATE benefit_holds SET state = 'released' WHERE state = 'spent'"),
    ("27a", "order", "UPDATE orders SET benefits = 0"),
    ("27b", "loyalty", "UPDATE benefit_holds SET state = 'tied' WHERE state = 'returned'"),
    ("27c", "loyalty", "UPDATE benefit_holds SET state = 'active', expires_at = 0"),
    (
        "36a",
        "notification",
        "INSERT INTO notifications SELECT 'x' || id, customer_id, 'x' || key, kind, order_id, store_id, data, shown, "
        "created_at, read_at FROM notifications WHERE kind = 'order-confirmed' LIMIT 1",
    ),
    ("36b", "notification", "UPDATE notification_logs SET notification_id = 'another' || notification_id"),
    (
        "36c",
        "notification",
        "UPDATE notification_logs SET state = 'sent', consent_at = NULL WHERE kind = 'announcement'",
    ),
    ("36d", "notification", "DELETE FROM notifications WHERE kind = 'order-confirmed'"),
    ("36e", "notification", "UPDATE notification_logs SET state = 'waiting', due_at = 0"),
    ("36f", "notification", "DELETE FROM aggregates"),
    ("28", "order", "UPDATE aggregates SET version = version + 1"),
    ("28", "order", "DELETE FROM outbox WHERE aggregate_version = 2"),
    ("29", "order", "UPDATE outbox SET published_at = NULL"),
    ("30", "inventory", "DELETE FROM inbox WHERE type = 'OrderConfirmed'"),
    ("31", "inventory", "UPDATE inbox SET event_id = 'phantom' || event_id"),
    ("31", "inventory", "UPDATE inbox SET payload_hash = 'another'"),
    ("32a", "order", "UPDATE outbox SET data = '{{}}'"),
    ("33", "customer", "UPDATE staff_places SET role = 'manager' WHERE role = 'chef'"),
    ("34", "inventory", "UPDATE inbox SET state = 'dead'"),
    ("34", "inventory", "UPDATE inbox SET state = 'waiting'"),
    ("35a", "customer", "UPDATE customers SET total_spent = total_spent + 1"),
    ("35b", "customer", "DELETE FROM counted WHERE kind = 'payment'"),
    ("35f", "analytics", "UPDATE order_facts SET counted = 1 - counted"),
    ("35f", "analytics", "DELETE FROM order_facts"),
    ("35g", "analytics", "UPDATE order_facts SET paid = paid - 1 WHERE paid > 0"),
    ("35g", "analytics", "UPDATE order_facts SET refunded = 0 WHERE refunded > 0"),
    ("35h", "analytics", "UPDATE aggregated_metrics SET paid = paid + 1 WHERE dimension = 'day'"),
    ("35h", "analytics", "UPDATE order_facts SET day = day + 1"),
    ("35h", "analytics", "DELETE FROM aggregated_metrics WHERE dimension = 'day'"),
    ("35i", "analytics", "UPDATE aggregated_metrics SET orders = orders + 1 WHERE dimension = 'hour'"),
    ("35i", "analytics", "DELETE FROM aggregated_metrics WHERE dimension = 'method'"),
    ("35l", "analytics", "UPDATE aggregated_metrics SET total = total + 1 WHERE dimension = 'month'"),
    ("35l", "analytics", "DELETE FROM aggregated_metrics WHERE dimension = 'month'"),
    ("35j", "analytics", "UPDATE customers SET revenue = revenue + 1 WHERE store_id = ''"),
    ("35j", "analytics", "UPDATE order_facts SET customer_id = 'nobody'"),
    ("35k", "analytics", "DELETE FROM analytics_events WHERE type = 'OrderCreated'"),
    ("37a", "payment", "DELETE FROM invoices WHERE serial = 1"),
    ("37a", "payment", "DELETE FROM invoices WHERE kind = 'invoice' AND serial > 1"),
    ("37a", "payment", "UPDATE invoice_series SET last = last + 1"),
    ("37b", "payment", "UPDATE invoices SET number = (SELECT min(number) FROM invoices)"),
    ("38", "payment", "UPDATE invoices SET number = replace(number, '/', '#')"),
    ("38", "payment", "UPDATE invoices SET fiscal_year = '2021'"),
    ("39", "payment", f"UPDATE invoices SET issued_at = issued_at + 400 * {DAY}"),
    ("40a", "payment", "DELETE FROM invoices WHERE kind = 'invoice'"),
    ("40b", "payment", "DELETE FROM invoices WHERE kind = 'credit_note'"),
    ("40b", "payment", "UPDATE invoices SET refund_id = 'none' || refund_id WHERE kind = 'credit_note'"),
    ("40c", "payment", "UPDATE invoices SET taxable = taxable + 9, cgst = cgst - 9 WHERE kind = 'credit_note'"),
    ("40d", "payment", "INSERT INTO invoices_due SELECT order_id, 'invoice', store_id, 0, 0, NULL FROM dues LIMIT 1"),
    ("40e", "order", "DELETE FROM order_timeline WHERE status = 'confirmed'"),
    ("41", "payment", "UPDATE invoices SET cgst = cgst + 1, sgst = sgst - 1"),
    ("42a", "payment", "UPDATE invoices SET document = replace(CAST(document AS TEXT), 'MGR1-', 'MGR9-')"),
    ("42a", "payment", "UPDATE invoices SET store_id = 'another'"),
    ("42b", "payment", "UPDATE sellers SET document = '{{}}'"),
    ("43i", "payment", "UPDATE invoices SET customer_id = 'another'"),
    ("35r", "review", "UPDATE ratings SET sum = sum + 1, five = five + 1 WHERE count > 0"),
    ("35r", "review", "DELETE FROM ratings"),
    ("35r", "review", "UPDATE reviews SET rating = 1 WHERE status = 'approved'"),
    ("35s", "inventory", "UPDATE product_ratings SET version = version - 1"),
    ("35s", "inventory", "UPDATE product_ratings SET mean_hundredths = mean_hundredths + 1"),
    ("35s", "inventory", "DELETE FROM product_ratings"),
    ("35s", "inventory", "INSERT INTO product_ratings VALUES ('nothing', 1, 1, 5, 500)"),
    ("35t", "review", "UPDATE reviews SET status = 'approved' WHERE status = 'rejected'"),
    ("35t", "review", "DELETE FROM review_decisions"),
    ("35t", "review", "UPDATE review_decisions SET by = ''"),
    ("35u", "review", "DELETE FROM review_photos"),
    ("35u", "review", "UPDATE review_photos SET review_id = 'nobody'"),
    ("43", "inventory", "UPDATE holds SET store_id = 'another'"),
    ("43r", "review", "UPDATE reviews SET store_id = 'another'"),
    ("43r", "review", "UPDATE reviews SET product_id = 'another' WHERE product_id IS NOT NULL"),
    ("43r", "order", "UPDATE orders SET status = 'ready' WHERE status = 'completed'"),
    ("43s", "review", "UPDATE purchases SET customer_id = 'another'"),
    ("43s", "order", "UPDATE orders SET status = 'ready' WHERE status = 'completed'"),
    ("44a", "customer", "UPDATE customers SET disabled_at = 1"),
    ("44b", "customer", "UPDATE sessions SET revoked_at = 1"),
    ("45", "customer", "UPDATE challenges SET expires_at = created_at + 700000000"),
    ("48", "customer", "UPDATE customers SET name = 'my card is 4111 1111 1111 1111'"),
    (
        "48",
        "order",
        "UPDATE orders SET details_document = replace(CAST(details_document AS TEXT), '\"notes\":null', "
        '\'"notes":"5555555555554444"\')',
    ),
]

# Invariant, database, what may well happen: no corruption of that kind.
INNOCENT = [
    (
        "1b",
        "order",
        "UPDATE order_timeline SET at = at - 1000000 WHERE version = 2;",
    ),
    (
        "2b",
        "order",
        f"""UPDATE orders SET deadline = placed_at WHERE id = {CONFIRMED};
        INSERT INTO jobs SELECT 'completion', id, deadline + 60000000, '{{}}', '', 2, 1, NULL, NULL, 'tried once'
        FROM orders WHERE id = {CONFIRMED};""",
    ),
    (
        "5a",
        "order",
        f"""UPDATE orders SET idempotency_key = 'the same for all', placed_by = 'one',
        placed_at = placed_at + 8 * {DAY} * (SELECT count(*) FROM orders o WHERE o.id < orders.id);""",
    ),
    (
        "6a",
        "order",
        f"""INSERT INTO revivals SELECT id, 2, 'open', placed_at, placed_at, NULL, NULL FROM orders
        WHERE id = {CANCELLED};
        INSERT INTO jobs SELECT 'revive', id, placed_at + {DAY}, '{{}}', '', 1, 5, NULL, NULL, 'nobody answered'
        FROM orders WHERE id = {CANCELLED};""",
    ),
    (
        "12b",
        "store",
        f"""INSERT INTO slot_places SELECT 'held-for-long', 1, id, 0, 'untied', 0 FROM stores LIMIT 1;
        INSERT INTO jobs SELECT 'lapse-place', 'held-for-long:1', created_at + {DAY}, '{{}}', '', 1, 0, NULL, NULL, NULL
        FROM (SELECT max(occurred_at) AS created_at FROM outbox);""",
    ),
]


def corrupt(folder: Path, database: str, statement: str) -> None:
    """What no action of ours would do: constraints do not hinder it."""
    connection = pysqlite3.connect(folder / f"{database}.db", isolation_level=None)
    numbers = iter(range(1, 1_000_000))
    connection.create_function("rowid_", 0, lambda: next(numbers) * 100)
    connection.execute("PRAGMA ignore_check_constraints=ON")
    for (index,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%'"
    ).fetchall():
        connection.execute(f'DROP INDEX "{index}"')
    changed = connection.execute(statement).rowcount
    connection.close()
    assert changed > 0, "the statement found nothing to corrupt"


def one(folder: Path, database: str, query: str) -> str:
    connection = pysqlite3.connect(folder / f"{database}.db")
    value = str(connection.execute(query).fetchone()[0])
    connection.close()
    return value
