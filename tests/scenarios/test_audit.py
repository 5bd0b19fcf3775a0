"""The audit: clean after everything that can happen to orders, and blind to no kind of corruption."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from shikanji.audit import watermark
from shikanji.audit.invariant import Report
from shikanji.audit.run import Audit
from shikanji.audit.since import KEYS, KINDS
from shikanji.audit.views import card_number
from shikanji.kit.clock import DAY, HOUR, SystemClock
from tests.harness import ALL, Counter, open_shop
from tests.house.people import PICTURE
from tests.scaled import ScaledShop


def audit(folder: Path, *, ahead: int = HOUR, quiet: int = 0, since: int | None = None) -> Report:
    """As of `ahead` µs from now: everything has had its time to settle."""
    databases = {service.name: folder / f"{service.name}.db" for service in ALL}
    return audit_of(databases, ahead=ahead, quiet=quiet, since=since)


def audit_of(
    databases: Mapping[str, Path | str], *, ahead: int = HOUR, quiet: int = 0, since: int | None = None
) -> Report:
    """The same of databases wherever they are."""
    look = Audit(ALL, databases, since=since)
    try:
        return look.run(now=SystemClock().now() + ahead, quiet=quiet)
    finally:
        look.close()


def violated(report: Report) -> set[str]:
    return {finding.key for finding in report.findings if finding.count}


async def live_a_day(shop: Counter) -> None:
    """An order of every kind, each to another end; at the end everything is settled and nothing waits."""
    customer, manager = await shop.customer(), await shop.staff("manager")
    cod = await shop.order()
    await shop.advance_status(cod["id"], "preparing", "ready", "completed")
    refunded = await shop.order(paymentMethod="online")
    payment = await shop.pay(refunded["id"])
    await shop.advance_status(refunded["id"], "preparing", "ready", "completed")
    partial = {"lines": [{"lineId": refunded["items"][0]["id"], "quantity": 1}], "reason": "cold"}
    assert (await manager.post(f"/api/v1/payments/{payment['id']}/refund", partial)).status in (200, 201, 202)
    cancelled = await shop.order(paymentMethod="online")
    given_back = await shop.initiate(cancelled["id"])
    await shop.check_out(given_back, webhook="twice")
    await shop.settle()
    (cash,) = (await customer.get(f"/api/v1/payments/order/{cod['id']}")).data
    for paid in (cash, payment, given_back):
        assert (await customer.get(f"/api/v1/payments/{paid['id']}/invoice")).status == 200
    await customer.post(f"/api/v1/orders/{cancelled['id']}/cancel", {"reason": "changed my mind"})
    await shop.settle()
    for paid in (payment, given_back):
        assert len((await customer.get(f"/api/v1/payments/{paid['id']}/credit-notes")).data) == 1
    await live_with_benefits(shop)
    await live_with_suppliers(shop)
    await live_with_reviews(shop, cod)
    await live_with_messages(shop)
    await shop.order()
    await customer.post("/api/v1/auth/logout")
    await shop.anonymous.post("/api/v1/auth/otp", {"phone": "+919845012345"})
    await shop.settle()


async def live_with_messages(shop: Counter) -> None:
    """Advertising for one who agreed to it."""
    admin, customer = await shop.admin(), await shop.customer()
    agreed = await customer.put(f"/api/v1/customers/{customer.id}/preferences", {"marketing": True})
    assert agreed.status == 200
    said = {"customerIds": [customer.id], "kind": "announcement", "title": "Mango week", "text": "All week"}
    assert (await admin.post("/api/v1/notifications/send", said)).status == 201
    await shop.settle()


async def live_with_benefits(shop: Counter) -> None:
    """A coupon and points on one order that is made and one that is not."""
    admin, customer = await shop.admin(), await shop.customer()
    campaign = {"name": "Diwali", "type": "discount", "discountType": "percentage", "value": 10, "code": "DIWALI"}
    limits = {"usageLimit": 5, "usageLimitPerCustomer": 2, "startsAt": "2020-01-01T00:00:00Z"}
    assert (await admin.post("/api/v1/campaigns", {**campaign, **limits})).status == 201
    await shop.settle()
    await shop.order(couponCode="diwali", redeemPoints=10)
    dropped = await shop.order(couponCode="DIWALI", redeemPoints=5)
    await shop.settle()
    await customer.post(f"/api/v1/orders/{dropped['id']}/cancel", {"reason": "changed my mind"})
    await shop.settle()


async def live_with_reviews(shop: Counter, received: dict[str, Any]) -> None:
    """One that is shown, one of the order as a whole, one with a photo that somebody let be shown, one rejected."""
    customer, manager = await shop.customer(), await shop.staff("manager")
    made = []
    for number, item in enumerate([*received["items"], None]):
        product = {} if item is None else {"productId": item["productId"]}
        body = {"orderId": received["id"], "rating": 5 - number, "text": "Very good", **product}
        answer = await customer.post("/api/v1/reviews", body)
        assert answer.status == 201, answer.body
        made.append(f"/api/v1/reviews/{answer.data['id']}")
    photo = await customer.request("POST", f"{made[0]}/photos", data=PICTURE, headers={"Content-Type": "image/png"})
    assert photo.status == 201, photo.body
    assert (await manager.put(f"{made[0]}/moderation", {"status": "approved"})).status == 200
    assert (await manager.put(f"{made[1]}/moderation", {"status": "rejected", "reason": "fake"})).status == 200
    assert (await manager.put(f"{made[0]}/response", {"text": "Thank you!"})).status == 200


async def live_with_suppliers(shop: Counter) -> None:
    """A purchase order that came in two parts, of which the rest was cancelled, and one that nobody brought."""
    admin, store = await shop.admin(), (await shop.store())["id"]
    product = (await shop.products(store))[0]["id"]
    supplied = {"name": "Modinagar Masala", "products": [{"productId": product, "unitCost": 500}]}
    supplier = (await admin.post("/api/v1/suppliers", supplied)).data["id"]
    wanted = {"storeId": store, "supplierId": supplier, "lines": [{"productId": product, "quantity": 10}]}
    for deliveries in ((4, 3), ()):
        path = f"/api/v1/purchase-orders/{(await admin.post('/api/v1/purchase-orders', wanted)).data['id']}"
        await admin.put(f"{path}/status", {"status": "confirmed"})
        for quantity in deliveries:
            came = {"lines": [{"productId": product, "quantity": quantity}]}
            assert (await admin.post(f"{path}/receipts", came)).status == 201
        assert (await admin.put(f"{path}/status", {"status": "cancelled", "reason": "enough"})).status == 200


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after a day of everything, at rest."""
    folder = tmp_path_factory.mktemp("lived") / "data"

    async def live() -> None:
        async with open_shop(folder) as shop:
            await live_a_day(shop)

    asyncio.run(live())
    return folder


def test_the_audit_is_clean_after_a_day_of_everything(lived: Path) -> None:
    report = audit(lived, ahead=0)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}


async def test_the_audit_is_clean_after_a_day_that_several_processes_lived(scaled_shop: ScaledShop) -> None:
    """Of all that they did for whatever test came before, too."""
    await live_a_day(scaled_shop)

    report = await asyncio.to_thread(audit_of, scaled_shop.databases, ahead=0)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}


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
    ("10b", "inventory", "UPDATE movements SET delta = 1000 WHERE kind = 'restock'"),
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
        "INSERT INTO notifications SELECT customer_id, 'x' || id, 'x' || key, kind, order_id, store_id, data, shown, "
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
    ("35j", "analytics", "UPDATE customers SET revenue = revenue + 1 WHERE store_id = ''"),
    ("35j", "analytics", "UPDATE order_facts SET customer_id = 'nobody'"),
    ("35k", "analytics", "DELETE FROM analytics_events WHERE type = 'OrderCreated'"),
    ("37a", "payment", "DELETE FROM invoices WHERE serial = 1"),
    ("37a", "payment", "DELETE FROM invoices WHERE kind = 'invoice' AND serial > 1"),
    ("37a", "payment", "UPDATE invoice_series SET last = last + 1"),
    ("37b", "payment", "UPDATE invoices SET number = (SELECT min(number) FROM invoices)"),
    ("38", "payment", "UPDATE invoices SET number = replace(number, '/', '#')"),
    ("38", "payment", "UPDATE invoices SET fiscal_year = '2021'"),
    ("39", "payment", f"UPDATE invoices SET issued_at = issued_at - {HOUR} * serial"),
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


BEFORE_THE_DAY = SystemClock().now() - DAY
SEEN_NEW = {*KEYS, *KINDS}


@pytest.mark.parametrize(("key", "database", "statement"), PLANTED, ids=lambda value: str(value)[:40])
def test_a_planted_corruption_is_found(lived: Path, tmp_path: Path, key: str, database: str, statement: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    _corrupt(folder, database, statement.format(cancelled=_one(folder, "order", f"SELECT {CANCELLED}")))

    report = audit(folder)

    assert key in {found.split()[0] for found in violated(report)}
    if key in SEEN_NEW:
        assert key in {found.split()[0] for found in violated(audit(folder, since=BEFORE_THE_DAY))}


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


@pytest.mark.parametrize(("key", "database", "script"), INNOCENT, ids=lambda value: str(value)[:40])
def test_what_may_well_happen_is_no_alarm(lived: Path, tmp_path: Path, key: str, database: str, script: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    connection = pysqlite3.connect(folder / f"{database}.db")
    connection.executescript(script)
    connection.close()

    report = audit(folder)

    assert key not in {found.split()[0] for found in violated(report)}


def test_a_look_at_what_is_new_is_clean_after_a_day_of_everything_and_says_what_it_does_not_see(lived: Path) -> None:
    report = audit(lived, ahead=0, since=BEFORE_THE_DAY)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.since is not None
    assert {"8", "28 order", "35a"} <= {*report.unseen}
    assert {finding.key for finding in report.findings}.isdisjoint(report.unseen)


def test_what_had_settled_before_is_judged_by_the_whole_audit_only(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    _corrupt(folder, "order", f"UPDATE orders SET lines_hash = 'another' WHERE id = {COMPLETED}")
    later = SystemClock().now() + 2 * HOUR

    assert violated(audit(folder, since=later)) == set()
    assert "7" in violated(audit(folder, since=BEFORE_THE_DAY))
    assert "7" in violated(audit(folder))


def test_what_is_under_way_is_judged_however_long_it_has_been(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    _corrupt(folder, "order", f"UPDATE orders SET lines_hash = 'another' WHERE id = {CONFIRMED}")

    assert violated(audit(folder, since=SystemClock().now() + 2 * HOUR)) == {"7"}


def test_an_audit_that_was_clean_is_remembered_and_never_forgets(tmp_path: Path) -> None:
    assert watermark.read(tmp_path, "here") is None

    watermark.write(tmp_path, watermark.raised(None, "here", 5, whole=True))
    for settled_before, whole in ((9, False), (7, False)):
        known = watermark.read(tmp_path, "here")
        watermark.write(tmp_path, watermark.raised(known, "here", settled_before, whole=whole))
    assert watermark.read(tmp_path, "here") == watermark.Watermark("here", clean_before=9, whole_before=5)

    (tmp_path / watermark.NAME).write_text("nobody can read this")
    assert watermark.read(tmp_path, "here") is None


def test_what_is_remembered_of_some_databases_says_nothing_of_others(tmp_path: Path) -> None:
    files = watermark.databases(f"sqlite:///{tmp_path}/{{service}}.db")
    server = watermark.databases("postgresql://asha:secret@db.test:5432/{service}")
    watermark.write(tmp_path, watermark.raised(None, files, 5, whole=True))

    assert watermark.read(tmp_path, server) is None
    assert watermark.read(tmp_path, files) is not None
    assert "secret" not in server


def test_every_invariant_has_a_planted_corruption(lived: Path) -> None:
    look = Audit(ALL, {service.name: lived / f"{service.name}.db" for service in ALL})
    keys = {invariant.key.split()[0] for invariant in look.invariants}
    look.close()

    assert keys == {key for key, _, _ in PLANTED}


def test_what_a_subscriber_lacks_is_listed_for_repair(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    lost = _one(folder, "customer", "SELECT max(event_id) FROM inbox WHERE type = 'OrderCreated'")
    _corrupt(folder, "customer", f"DELETE FROM inbox WHERE event_id = '{lost}'")

    assert audit(folder).lacking == {"order": [lost]}


def test_what_is_too_young_to_have_settled_is_not_judged(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived, folder)
    _corrupt(folder, "order", "UPDATE outbox SET published_at = NULL")

    assert violated(audit(folder, ahead=0, quiet=DAY)) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4111 1111 1111 1111", True),
        ("card 5555-5555-5555-4444 ok", True),
        ("4111111111111112", False),
        ("+919845012345", False),
        ("+8613800000004", False),
        ("8613800000004", True),
        ('{"placedAt":4111111111111111}', False),
        ('{"notes":"4111111111111111"}', True),
        ("01a20334-a285-745b-9f58-233f90c785bd", False),
    ],
)
def test_a_card_number_is_known_by_its_check_digit_and_never_in_a_number_of_json(text: str, found: bool) -> None:
    assert (card_number(text) is not None) is found


def _corrupt(folder: Path, database: str, statement: str) -> None:
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


def _one(folder: Path, database: str, query: str) -> str:
    connection = pysqlite3.connect(folder / f"{database}.db")
    value = str(connection.execute(query).fetchone()[0])
    connection.close()
    return value
