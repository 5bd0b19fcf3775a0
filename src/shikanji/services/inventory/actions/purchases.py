"""Ordering of suppliers, and receiving what they bring."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from shikanji.kit.clock import DAY, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid
from shikanji.kit.events import Event
from shikanji.kit.failpoints import failpoint
from shikanji.kit.ids import first_id
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.inventory.actions import balances
from shikanji.services.inventory.errors import PurchaseOrderNotFound, ReceiptKnown
from shikanji.services.inventory.model import purchase, reorder
from shikanji.services.inventory.model.product import Product
from shikanji.services.inventory.model.purchase import (
    LINES_MAX,
    Came,
    Line,
    Noted,
    Purchase,
    PurchaseDraft,
    PurchaseFields,
    Receipt,
    ReceiptDraft,
    ReceivedLine,
    Status,
    WantedLine,
)
from shikanji.services.inventory.model.reorder import Suggested, Suggestion
from shikanji.services.inventory.model.stock import Balance, Stock, adjusted
from shikanji.services.inventory.model.supplier import Supplier
from shikanji.services.inventory.repository import catalogue, purchases, stock, suppliers
from shikanji.services.inventory.repository.stock import Movement
from shikanji.services.inventory.settings import InventorySettings

SUGGESTED_MAX = 500


def create_purchase(tx: Tx, draft: PurchaseDraft, by: str) -> Purchase:
    supplier = suppliers.shared(tx, draft.supplier_id)
    if supplier is None or not supplier.active:
        raise Invalid.field("supplierId", "there is no such supplier, or nothing is ordered there any more")
    return _create(tx, draft, supplier, by)


def change_purchase(tx: Tx, id: str, fields: PurchaseFields, if_match: str | None) -> Purchase:
    before = _locked(tx, id, if_match)
    supplier = suppliers.find(tx, before.supplier_id)
    assert supplier is not None
    return _saved(tx, before, purchase.edited(before, fields, _lines(tx, fields, supplier), tx.now))


def move_purchase(tx: Tx, id: str, status: Status, reason: str | None, if_match: str | None) -> Purchase:
    """To `confirmed` or `cancelled`; `received` follows from what comes."""
    before = _locked(tx, id, if_match)
    if status == "confirmed":
        return _saved(tx, before, purchase.confirmed(before, tx.now))
    return _saved(tx, before, purchase.cancelled(before, reason, tx.now))


def receive(tx: Tx, id: str, draft: ReceiptDraft, by: str) -> tuple[Receipt, Purchase]:
    """Takes a delivery onto the shelves: each line a movement, all of them or none."""
    before = _locked(tx, id, None)
    receipt = Receipt(tx.new_id(), id, draft.reference, tx.now, by)
    if not purchases.add_receipt(tx, receipt):
        raise ReceiptKnown(f"{draft.reference} of {before.number}")
    after = purchase.received(before, draft.lines, tx.now)
    shelves = _shelves(tx, before.store_id, [line.product_id for line in draft.lines])
    costs = {line.product_id: line.unit_cost for line in before.lines}
    came = [_came(tx, place, line, shelves, costs) for place, line in enumerate(draft.lines)]
    told = _put_away(tx, list(shelves.values()), came, f"{before.number} received", by)
    receipt = replace(receipt, lines=tuple(came))
    purchases.add_receipt_lines(tx, receipt)
    purchases.save(tx, after)
    tx.record(*told, purchase.came_in(after, receipt))
    failpoint("inventory.receive.before_commit")
    return receipt, after


def get_purchase(tx: Tx, id: str) -> Purchase:
    found = purchases.find(tx, id)
    if found is None:
        raise PurchaseOrderNotFound
    return found


def suggestions(tx: Tx, store_id: str) -> list[Suggestion]:
    """What the store should order again, by supplier; looks at SUGGESTED_MAX stocks at most."""
    shorts = purchases.shorts(tx, store_id, SUGGESTED_MAX)
    if not shorts:
        return []
    since = first_id(tx.now - reorder.LOOKED_BACK_DAYS * DAY)
    sold = purchases.sold_since(tx, [short.stock_id for short in shorts], since)
    return reorder.suggest(shorts, sold, suppliers.sources(tx, [short.product_id for short in shorts]))


def suggested_products(tx: Tx, store_id: str) -> tuple[list[Suggestion], dict[str, Product]]:
    """The suggestions, and the products that they name."""
    found = suggestions(tx, store_id)
    ids = [line.short.product_id for suggestion in found for line in suggestion.lines]
    return found, {product.id: product for product in catalogue.products_of(tx, ids)}


def order_suggested(tx: Tx, store_id: str, supplier_ids: Sequence[str], by: str) -> list[Purchase]:
    """Makes purchase orders of the suggestions for these suppliers (none named: for all). Two at once do not order the
    same twice: the second waits here and then sees what is on order."""
    purchases.take_turn(tx, _year(tx))
    made: list[Purchase] = []
    for source, lines in suggestions(tx, store_id):
        if source is None or (supplier_ids and source.supplier_id not in supplier_ids):
            continue
        supplier = suppliers.shared(tx, source.supplier_id)
        if supplier is not None:
            made += [
                _create(tx, _draft(tx, store_id, supplier, lines[first : first + LINES_MAX]), supplier, by)
                for first in range(0, len(lines), LINES_MAX)
            ]
    return made


def _draft(tx: Tx, store_id: str, supplier: Supplier, lines: Sequence[Suggested]) -> PurchaseDraft:
    return PurchaseDraft(
        store_id=store_id,
        supplier_id=supplier.id,
        lines=tuple(WantedLine(product_id=line.short.product_id, quantity=line.quantity) for line in lines),
        expected_on=_today(tx) + timedelta(days=supplier.lead_days),
    )


def _create(tx: Tx, draft: PurchaseDraft, supplier: Supplier, by: str) -> Purchase:
    lines = _lines(tx, draft, supplier)
    year = _year(tx)
    made = Purchase(
        id=tx.new_id(),
        number=purchase.number_of(year, purchases.next_place(tx, year)),
        store_id=draft.store_id,
        supplier_id=supplier.id,
        supplier_name=supplier.name,
        status="pending",
        expected_on=None if draft.expected_on is None else draft.expected_on.isoformat(),
        note=draft.note,
        cancel_reason=None,
        total=purchase.total_of(lines),
        version=1,
        created_by=by,
        created_at=tx.now,
        updated_at=tx.now,
        lines=lines,
    )
    purchases.add(tx, made)
    tx.record(purchase.created(made))
    return made


def _lines(tx: Tx, fields: PurchaseFields, supplier: Supplier) -> tuple[Line, ...]:
    purchase.check_products(fields.lines)
    found = {product.id: product for product in catalogue.products_of(tx, [line.product_id for line in fields.lines])}
    costs = {supplied.product_id: supplied.unit_cost for supplied in supplier.products}
    return tuple(
        _line(place, wanted, found.get(wanted.product_id), costs.get(wanted.product_id))
        for place, wanted in enumerate(fields.lines)
    )


def _line(place: int, wanted: WantedLine, product: Product | None, usual_cost: int | None) -> Line:
    if product is None:
        raise Invalid.field(f"lines[{place}].productId", "there is no such product")
    cost = usual_cost if wanted.unit_cost is None else wanted.unit_cost
    if cost is None:
        raise Invalid.field(f"lines[{place}].unitCost", "the supplier has none for this product: say it")
    return Line(wanted.product_id, place, product.name, product.sku, wanted.quantity, cost)


def _locked(tx: Tx, id: str, if_match: str | None) -> Purchase:
    found = purchases.locked(tx, id)
    if found is None:
        raise PurchaseOrderNotFound
    require_match(if_match, etag(found.version))
    return found


def _saved(tx: Tx, before: Purchase, after: Purchase) -> Purchase:
    if after is not before:
        purchases.save(tx, after)
    return after


def _shelves(tx: Tx, store_id: str, product_ids: list[str]) -> dict[str, Stock]:
    """By product, locked in the order in which stock is touched; made where the store had none."""
    wanted = sorted(set(product_ids))
    found = {row.product_id: row for row in purchases.locked_shelves(tx, store_id, wanted)}
    if len(found) < len(wanted):
        for product_id in wanted:
            if product_id not in found:
                stock.add(tx, store_id, product_id, tx.new_id())
        found = {row.product_id: row for row in purchases.locked_shelves(tx, store_id, wanted)}
    return found


def _came(tx: Tx, place: int, line: ReceivedLine, shelves: dict[str, Stock], costs: dict[str, int]) -> Came:
    return Came(
        place=place,
        product_id=line.product_id,
        stock_id=shelves[line.product_id].id,
        movement_id=tx.new_id(),
        quantity=line.quantity,
        unit_cost=costs[line.product_id] if line.unit_cost is None else line.unit_cost,
        batch=line.batch,
        expires_on=None if line.expires_on is None else line.expires_on.isoformat(),
    )


def _put_away(tx: Tx, shelves: list[Stock], came: Sequence[Came], reason: str, by: str) -> list[Event]:
    told: list[Event] = []
    moved: list[Movement] = []
    for row in shelves:
        here = [(line, stock.adjust(tx, row.id, line.quantity)) for line in came if line.stock_id == row.id]
        before = Noted(row.unit_cost, row.batch, row.expires_on)
        purchases.note(tx, row.id, purchase.noted(before, row.on_hand, [line for line, _ in here]))
        moved += [_movement(tx, line, balance, reason, by) for line, balance in here]
        told += [adjusted(balance, line.quantity, "receipt") for line, balance in here]
        told += balances.level_events(tx, here[-1][1])
    stock.add_movements(tx, moved)
    return told


def _movement(tx: Tx, line: Came, left: Balance, reason: str, by: str) -> Movement:
    return Movement(
        line.stock_id, line.movement_id, tx.now, "receipt", line.quantity, left.on_hand, reason, None, None, by
    )


def _today(tx: Tx) -> date:
    zone = tx.settings(InventorySettings).zone
    return datetime.fromtimestamp(tx.now // SECOND, UTC).astimezone(zone).date()


def _year(tx: Tx) -> int:
    return purchase.financial_year(_today(tx))
