"""Stock and slots: every piece has a movement, everything held has a hold, everything sold has an order."""

from shikanji.audit.invariant import Invariant
from shikanji.audit.sold import by_day

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
        # So many lines, so many sales; that each of them is of a line of its hold, and as large, is 10b's.
        """SELECT h.order_id || '/' || h.attempt, h.state || ', ' || h.sales || ' lines sold', h.wanted || '' FROM (
            SELECT order_id, attempt, state,
                   CASE WHEN state IN ('sold', 'returned') THEN json_array_length(CAST(lines AS TEXT)) ELSE 0 END
                       AS wanted,
                   (SELECT count(*) FROM inventory.movements m WHERE m.order_id = holds.order_id
                    AND m.attempt = holds.attempt AND m.kind = 'sale') AS sales
            FROM odd_holds AS holds) h WHERE h.sales <> h.wanted
        UNION ALL
        SELECT order_id || '/' || attempt || ' ' || stock_id, count(*) || ' times ' || kind, 'once'
        FROM odd_movements GROUP BY order_id, attempt, kind, stock_id
        HAVING count(*) > 1""",
        of_odd=True,
    ),
    Invariant(
        "10b",
        "nothing was sold or put back without a hold: as much was sold as was held, and no more put back",
        "live",
        # A sale that stands word for word in its hold needs no closer look, and nearly all do.
        """WITH odd AS MATERIALIZED (
            SELECT m.order_id, m.attempt, m.stock_id, m.kind, m.delta, h.state, h.lines
            FROM odd_movements m LEFT JOIN inventory.stock s ON s.id = m.stock_id
            LEFT JOIN inventory.holds h ON h.order_id = m.order_id AND h.attempt = m.attempt
            WHERE NOT (m.kind = 'sale' AND coalesce(instr(CAST(h.lines AS TEXT),
                '["' || m.stock_id || '","' || s.product_id || '",' || -m.delta || ']'), 0) > 0)),
        lined AS (
            SELECT o.*, (SELECT sum(json_extract(l.value, '$[2]')) FROM json_each(CAST(o.lines AS TEXT)) l
                         WHERE json_extract(l.value, '$[0]') = o.stock_id) AS quantity FROM odd o)
        SELECT order_id || '/' || attempt || ' ' || stock_id, kind || ' ' || delta,
               coalesce(quantity, 0) || ' in a hold that is ' || coalesce(state, 'missing') FROM lined
        WHERE quantity IS NULL OR CASE kind WHEN 'sale' THEN delta <> -quantity
            WHEN 'restock' THEN state <> 'returned' OR delta > quantity ELSE 1 END""",
        of_odd=True,
    ),
    Invariant(
        "11",
        "what was sold for an order is what the order has in its lines",
        "quiescent",
        """SELECT o.id, 'sold: ' || pieces_held(h.lines), 'ordered: ' || pieces_ordered(o.lines_document)
        FROM odd_orders o
        LEFT JOIN inventory.holds h ON h.order_id = o.id AND h.attempt = o.attempt AND h.state = 'sold'
        WHERE o.status NOT IN ('pending', 'cancelled') AND NOT are_alike(h.lines, o.lines_document)
        AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id)
        UNION ALL
        SELECT h.order_id || '/' || h.attempt, 'sold: ' || pieces_held(h.lines), 'nothing for an order that is ' ||
               o.status || ' under attempt ' || o.attempt
        FROM odd_holds h JOIN "order".orders o ON o.id = h.order_id
        WHERE h.state = 'sold' AND (h.attempt <> o.attempt OR o.status IN ('pending', 'cancelled'))
        AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id)""",
        of_odd=True,
    ),
    Invariant(
        "11b",
        "a hold that was sold has its order",
        "quiescent",
        """SELECT h.order_id, h.state, 'an order' FROM odd_holds h WHERE h.state IN ('tied', 'sold', 'returned')
        AND h.held_at <= :before AND NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = h.order_id)""",
        of_odd=True,
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
        judge=by_day,
        of_odd=True,
    ),
)
