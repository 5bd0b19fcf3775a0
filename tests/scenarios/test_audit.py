"""The audit: clean after everything that can happen to orders, and blind to no kind of corruption."""

from shikanji.audit.invariant import Report
from shikanji.audit.run import Audit
from shikanji.kit.db.opening import sqlite_path
from tests.harness import Shop


def audit(shop: Shop) -> Report:
    platform = shop.platform
    paths = {
        service.name: sqlite_path(platform.settings.database_template, service.name) for service in platform.services
    }
    look = Audit(platform.services, {name: path for name, path in paths.items() if path})
    try:
        return look.run(now=shop.clock.now(), quiet=0)
    finally:
        look.close()


async def live_a_day(shop: Shop) -> None:
    """An order of every kind, each to another end."""
    customer, manager = await shop.customer(), await shop.staff("manager")
    cod = await shop.order()
    await shop.advance_status(cod["id"], "preparing", "ready", "completed")
    paid = await shop.order(paymentMethod="online")
    await shop.pay(paid["id"])
    refunded = await shop.order(paymentMethod="online")
    payment = await shop.pay(refunded["id"])
    await shop.advance_status(refunded["id"], "preparing", "ready", "completed")
    partial = {"lines": [{"lineId": refunded["items"][0]["id"], "quantity": 1}], "reason": "cold"}
    assert (await manager.post(f"/api/v1/payments/{payment['id']}/refund", partial)).status in (200, 201, 202)
    cancelled = await shop.order(paymentMethod="online")
    await shop.pay(cancelled["id"])
    await customer.post(f"/api/v1/orders/{cancelled['id']}/cancel", {"reason": "changed my mind"})
    await shop.order(paymentMethod="online")
    await shop.settle()


async def test_the_audit_is_clean_after_a_day_of_everything(shop: Shop) -> None:
    await live_a_day(shop)

    report = audit(shop)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}
