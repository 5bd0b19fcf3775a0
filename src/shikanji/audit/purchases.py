"""Purchase orders: what came is what was received, and never more than was ordered."""

from shikanji.audit.invariant import Invariant

_CAME = """(SELECT r.purchase_order_id, l.product_id, sum(l.quantity) AS quantity
    FROM inventory.purchase_receipt_lines l JOIN inventory.purchase_receipts r ON r.id = l.receipt_id GROUP BY 1, 2)"""

PURCHASES = (
    Invariant(
        "8b",
        "what suppliers brought is what came onto the shelf, piece by piece and in the store that ordered it",
        "live",
        """SELECT coalesce(l.movement_id, m.id), coalesce(l.quantity, 0) || ' received',
               coalesce(m.delta, 0) || ' moved'
        FROM (SELECT stock_id, movement_id, sum(quantity) AS quantity FROM inventory.purchase_receipt_lines
              GROUP BY stock_id, movement_id) l
        FULL JOIN (SELECT stock_id, id, delta FROM inventory.movements WHERE kind = 'receipt') m
          ON m.stock_id = l.stock_id AND m.id = l.movement_id
        WHERE l.quantity IS NOT m.delta
        UNION ALL SELECT r.id || ' ' || l.product_id, s.store_id || ' ' || s.product_id, o.store_id
        FROM inventory.purchase_receipt_lines l JOIN inventory.purchase_receipts r ON r.id = l.receipt_id
        JOIN inventory.purchase_orders o ON o.id = r.purchase_order_id JOIN inventory.stock s ON s.id = l.stock_id
        WHERE s.store_id <> o.store_id OR s.product_id <> l.product_id""",
    ),
    Invariant(
        "8c",
        "a line of a purchase order has received what its deliveries brought, and never more than was ordered",
        "live",
        f"""SELECT coalesce(l.purchase_order_id, c.purchase_order_id) || ' ' || coalesce(l.product_id, c.product_id),
               coalesce(l.received, 0) || ' received, ' || coalesce(l.cancelled, 0) || ' cancelled',
               coalesce(c.quantity, 0) || ' came, of ' || coalesce(l.quantity, 0)
        FROM inventory.purchase_order_lines l FULL JOIN {_CAME} c
          ON c.purchase_order_id = l.purchase_order_id AND c.product_id = l.product_id
        WHERE coalesce(l.received, -1) <> coalesce(c.quantity, 0) OR l.cancelled < 0
           OR l.received + l.cancelled > l.quantity""",
    ),
    Invariant(
        "8d",
        "a purchase order's state and total are what its lines say",
        "live",
        """SELECT o.id, o.status || ', ' || o.total,
               'of ' || l.total || ': ' || l.received || ' received, ' || l.cancelled || ' cancelled, ' ||
                   l.awaited || ' awaited'
        FROM inventory.purchase_orders o LEFT JOIN (
            SELECT purchase_order_id, sum(quantity * unit_cost) AS total, sum(received) AS received,
                   sum(cancelled) AS cancelled, sum(quantity - received - cancelled) AS awaited
            FROM inventory.purchase_order_lines GROUP BY purchase_order_id) l ON l.purchase_order_id = o.id
        WHERE l.total IS NOT o.total OR NOT CASE o.status
            WHEN 'pending' THEN l.received = 0 AND l.cancelled = 0
            WHEN 'confirmed' THEN l.awaited > 0 AND l.cancelled = 0
            WHEN 'received' THEN l.awaited = 0 AND l.received > 0
            ELSE l.awaited = 0 AND l.received = 0 END""",
    ),
)
