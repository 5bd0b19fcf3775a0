"""Stock and slots: every piece has a movement, everything held has a hold, everything sold has an order."""

from shikanji.audit.invariant import Invariant

STOCK = (
    Invariant(
        "8",
        "what is on hand is the sum of its movements",
        "live",
        """SELECT s.id, s.on_hand || '', coalesce(sum(m.delta), 0) || '' FROM inventory.stock s
        LEFT JOIN inventory.movements m ON m.stock_id = s.id GROUP BY s.id
        HAVING s.on_hand <> coalesce(sum(m.delta), 0)""",
    ),
    Invariant(
        "9",
        "what is held is the sum of the open holds, and never more than there is",
        "live",
        """SELECT s.id, s.held || ' held of ' || s.on_hand, coalesce(h.quantity, 0) || '' FROM inventory.stock s
        LEFT JOIN (SELECT stock_id, sum(quantity) AS quantity FROM held_lines WHERE state IN ('active', 'tied')
                   GROUP BY stock_id) h ON h.stock_id = s.id
        WHERE s.held <> coalesce(h.quantity, 0) OR s.held > s.on_hand OR s.held < 0""",
    ),
    Invariant(
        "10a",
        "a hold has left the shelf exactly when it was sold, once and whole",
        "live",
        """SELECT h.order_id || '/' || h.attempt || ' ' || h.stock_id, h.state || ', sold ' || -coalesce(m.delta, 0),
               CASE WHEN h.state IN ('sold', 'returned') THEN h.quantity || '' ELSE '0' END
        FROM held_lines h LEFT JOIN inventory.movements m
          ON m.order_id = h.order_id AND m.attempt = h.attempt AND m.kind = 'sale' AND m.stock_id = h.stock_id
        WHERE CASE WHEN h.state IN ('sold', 'returned') THEN h.quantity ELSE 0 END <> -coalesce(m.delta, 0)""",
    ),
    Invariant(
        "10b",
        "nothing was sold or put back without a hold, and no more was put back than sold",
        "live",
        """SELECT m.order_id || '/' || m.attempt || ' ' || m.stock_id, m.kind || ' ' || m.delta,
               'at most ' || coalesce(h.quantity, 0) || ' in a hold that is ' || coalesce(h.state, 'missing')
        FROM inventory.movements m LEFT JOIN held_lines h
          ON h.order_id = m.order_id AND h.attempt = m.attempt AND h.stock_id = m.stock_id
        WHERE m.order_id IS NOT NULL AND (h.order_id IS NULL
              OR m.kind = 'restock' AND (h.state <> 'returned' OR m.delta > h.quantity)
              OR m.kind NOT IN ('sale', 'restock'))""",
    ),
    Invariant(
        "11",
        "what was sold for an order is what the order has in its lines",
        "quiescent",
        """SELECT o.id, 'sold: ' || pieces_held(h.lines), 'ordered: ' || pieces_ordered(o.lines_document)
        FROM "order".orders o JOIN last_steps s ON s.order_id = o.id AND s.at <= :before
        LEFT JOIN inventory.holds h ON h.order_id = o.id AND h.attempt = o.attempt AND h.state = 'sold'
        WHERE o.status NOT IN ('pending', 'cancelled') AND pieces_held(h.lines) <> pieces_ordered(o.lines_document)
        UNION ALL
        SELECT h.order_id || '/' || h.attempt, 'sold: ' || pieces_held(h.lines), 'nothing for an order that is ' ||
               o.status || ' under attempt ' || o.attempt
        FROM inventory.holds h JOIN "order".orders o ON o.id = h.order_id
        JOIN last_steps s ON s.order_id = o.id AND s.at <= :before
        WHERE h.state = 'sold' AND (h.attempt <> o.attempt OR o.status IN ('pending', 'cancelled'))""",
    ),
    Invariant(
        "11b",
        "a hold that was sold has its order",
        "quiescent",
        """SELECT h.order_id, h.state, 'an order' FROM inventory.holds h WHERE h.state IN ('tied', 'sold', 'returned')
        AND h.held_at <= :before AND NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = h.order_id)""",
    ),
    Invariant(
        "12a",
        "no hold that nobody tied outlives its time",
        "quiescent",
        """SELECT order_id || '/' || attempt, 'active until ' || expires_at, 'tied or released' FROM inventory.holds
        WHERE state = 'active' AND expires_at <= :before - 120000000""",
    ),
    Invariant(
        "12b",
        "a place in a slot that nobody tied has its job, and that is not late",
        "quiescent",
        """SELECT p.order_id || '/' || p.attempt, 'untied since ' || p.taken_at || ', looked at ' ||
               coalesce(j.due_at, 'never'), 'tied or released'
        FROM store.slot_places p
        LEFT JOIN store.jobs j ON j.kind = 'lapse-place' AND j.key = p.order_id || ':' || p.attempt
        WHERE p.state = 'untied' AND p.taken_at <= :before AND (j.key IS NULL OR j.due_at <= :before)""",
    ),
    Invariant(
        "12c",
        "a slot counts the places that are taken in it",
        "live",
        """SELECT s.store_id || ' ' || s.starts_at, s.taken || '', count(p.order_id) || '' FROM store.slots s
        LEFT JOIN store.slot_places p ON p.store_id = s.store_id AND p.starts_at = s.starts_at AND p.state <> 'released'
        GROUP BY s.store_id, s.starts_at HAVING s.taken <> count(p.order_id)""",
    ),
    Invariant(
        "13",
        "by store, product and day, what orders took less what they gave back is what left the shelf",
        "quiescent",
        """WITH quiet AS (
            SELECT d.order_id, d.day FROM sold_days d JOIN last_steps s ON s.order_id = d.order_id AND s.at <= :before),
        taken AS (
            SELECT l.store_id, l.product_id, q.day, sum(l.quantity) AS quantity FROM lines l
            JOIN quiet q ON q.order_id = l.order_id GROUP BY 1, 2, 3),
        given_back AS (
            SELECT json_extract(CAST(e.data AS TEXT), '$.storeId') AS store_id,
                   json_extract(r.value, '$.productId') AS product_id, q.day,
                   sum(json_extract(r.value, '$.quantity')) AS quantity
            FROM "order".outbox e JOIN quiet q ON q.order_id = e.aggregate_id,
                 json_each(json_extract(CAST(e.data AS TEXT), '$.restock')) r
            WHERE e.type = 'OrderCancelled' AND json_extract(CAST(e.data AS TEXT), '$.previous') <> 'pending'
            GROUP BY 1, 2, 3
            -- Where the event is forgotten, all was put back of what nobody had begun to prepare.
            UNION ALL SELECT l.store_id, l.product_id, q.day, sum(l.quantity) FROM forgotten_cancellations c
            JOIN quiet q ON q.order_id = c.order_id JOIN lines l ON l.order_id = c.order_id
            WHERE c.previous = 'confirmed' GROUP BY 1, 2, 3
            UNION ALL SELECT s.store_id, s.product_id, q.day, sum(m.delta) FROM forgotten_cancellations c
            JOIN quiet q ON q.order_id = c.order_id JOIN inventory.movements m ON m.order_id = c.order_id
            JOIN inventory.stock s ON s.id = m.stock_id
            WHERE c.previous NOT IN ('pending', 'confirmed') AND m.kind = 'restock' GROUP BY 1, 2, 3),
        returned AS (
            SELECT store_id, product_id, day, sum(quantity) AS quantity FROM given_back GROUP BY 1, 2, 3),
        moved AS (
            SELECT s.store_id, s.product_id, q.day, -sum(m.delta) AS quantity FROM inventory.movements m
            JOIN inventory.stock s ON s.id = m.stock_id JOIN quiet q ON q.order_id = m.order_id GROUP BY 1, 2, 3)
        SELECT t.store_id || ' ' || t.product_id || ' ' || t.day, coalesce(m.quantity, 0) || ' left the shelf',
               (t.quantity - coalesce(g.quantity, 0)) || ' by the orders'
        FROM taken t LEFT JOIN returned g USING (store_id, product_id, day)
        LEFT JOIN moved m USING (store_id, product_id, day)
        WHERE t.quantity - coalesce(g.quantity, 0) <> coalesce(m.quantity, 0)""",
    ),
)
