"""Reviews: ratings are what approved reviews make, and only what was received was reviewed."""

from shikanji.audit.invariant import Invariant

REVIEWS = (
    Invariant(
        "35r",
        "a rating is the count and the sum of its approved reviews",
        "live",
        """SELECT coalesce(k.id, v.subject), coalesce(k.sum || ' stars of ' || k.count, 'nothing'),
               coalesce(v.sum || ' stars of ' || v.count, 'nothing')
        FROM review.ratings k FULL JOIN (
            SELECT coalesce(product_id, store_id) AS subject, count(*) AS count, sum(rating) AS sum,
                   sum(rating = 1) AS one, sum(rating = 2) AS two, sum(rating = 3) AS three, sum(rating = 4) AS four,
                   sum(rating = 5) AS five
            FROM review.reviews WHERE status = 'approved' GROUP BY 1) v ON v.subject = k.id
        WHERE coalesce(k.count, 0) <> coalesce(v.count, 0) OR coalesce(k.sum, 0) <> coalesce(v.sum, 0)
           OR coalesce(k.one, 0) <> coalesce(v.one, 0) OR coalesce(k.two, 0) <> coalesce(v.two, 0)
           OR coalesce(k.three, 0) <> coalesce(v.three, 0) OR coalesce(k.four, 0) <> coalesce(v.four, 0)
           OR coalesce(k.five, 0) <> coalesce(v.five, 0)""",
        needs="review",
    ),
    Invariant(
        "35s",
        "the menu has every product's rating as the review service has it",
        "quiescent",
        """SELECT r.id, coalesce('version ' || p.version || ', ' || p.sum || ' stars of ' || p.count, 'nothing'),
               'version ' || r.version || ', ' || r.sum || ' stars of ' || r.count
        FROM review.ratings r LEFT JOIN inventory.product_ratings p ON p.product_id = r.id
        WHERE r.kind = 'product' AND r.updated_at <= :before AND (p.version IS NOT r.version OR p.count IS NOT r.count
           OR p.sum IS NOT r.sum OR p.mean_hundredths IS NOT CASE r.count WHEN 0 THEN 0
              ELSE (200 * r.sum + r.count) / (2 * r.count) END)
        UNION ALL
        SELECT p.product_id, p.sum || ' stars of ' || p.count, 'no such rating' FROM inventory.product_ratings p
        WHERE NOT EXISTS (SELECT 1 FROM review.ratings r WHERE r.id = p.product_id AND r.kind = 'product')""",
        needs="review",
    ),
    Invariant(
        "35t",
        "a review is shown, waits or is rejected as was decided last, and every decision says by whom",
        "live",
        """SELECT r.id, r.status || ' ' || CAST(r.reasons AS TEXT),
               coalesce(d.status || ' ' || CAST(d.reasons AS TEXT) || ' by ' || d.by, 'no decision')
        FROM review.reviews r LEFT JOIN review.review_decisions d ON d.review_id = r.id AND d.number = (
            SELECT max(number) FROM review.review_decisions l WHERE l.review_id = r.id)
        WHERE d.status IS NOT r.status OR CAST(d.reasons AS TEXT) IS NOT CAST(r.reasons AS TEXT)
           OR d.number > r.version OR d.by = ''
        UNION ALL
        SELECT review_id, 'a decision', 'no such review' FROM review.review_decisions d
        WHERE NOT EXISTS (SELECT 1 FROM review.reviews r WHERE r.id = d.review_id)""",
        needs="review",
    ),
    Invariant(
        "35u",
        "a review has as many photos as it says",
        "live",
        """SELECT r.id, r.photos || ' photos', count(p.id) || '' FROM review.reviews r
        LEFT JOIN review.review_photos p ON p.review_id = r.id AND p.state = 'stored'
        GROUP BY r.id HAVING r.photos <> count(p.id)
        UNION ALL
        SELECT p.id, 'a photo', 'no such review' FROM review.review_photos p
        WHERE p.state = 'stored' AND NOT EXISTS (SELECT 1 FROM review.reviews r WHERE r.id = p.review_id)""",
        needs="review",
    ),
    Invariant(
        "43r",
        "a review is of what its author bought in that store and received",
        "quiescent",
        """SELECT v.id, coalesce(v.product_id, 'all') || ' of order ' || v.order_id || ', store ' || v.store_id,
               coalesce(o.status || ', store ' || o.store_id || ', customer ' || o.customer_id, 'no such order')
        FROM review.reviews v LEFT JOIN "order".orders o ON o.id = v.order_id
        WHERE v.created_at <= :before AND (o.id IS NULL OR o.store_id <> v.store_id OR o.customer_id <> v.customer_id
           OR o.status NOT IN ('delivered', 'completed') OR v.product_id IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM lines l WHERE l.order_id = v.order_id AND l.product_id = v.product_id))""",
        needs="review",
    ),
    Invariant(
        "43s",
        "what was handed over can be reviewed by whom it was handed, and nothing else can",
        "quiescent",
        """SELECT o.id, o.status || ', not known as received', 'known'
        FROM "order".orders o WHERE o.id >= (SELECT min(order_id) FROM review.purchases)
        AND o.status IN ('delivered', 'completed') AND NOT EXISTS (SELECT 1 FROM review.purchases p
            WHERE p.order_id = o.id AND p.customer_id = o.customer_id AND p.store_id = o.store_id)
        AND EXISTS (SELECT 1 FROM "order".order_timeline t
            WHERE t.order_id = o.id AND t.status IN ('delivered', 'completed') AND t.at <= :before)
        UNION ALL
        SELECT p.order_id, 'known as received', coalesce(o.status, 'no such order')
        FROM review.purchases p LEFT JOIN "order".orders o ON o.id = p.order_id
        WHERE p.received_at <= :before AND (o.status IS NULL OR o.status NOT IN ('delivered', 'completed'))""",
        needs="review",
    ),
)
