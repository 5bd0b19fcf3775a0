"""Tax invoices: numbered without a gap, frozen, each once for what was paid; credit notes likewise for what went
back."""

from collections.abc import Iterator
from hashlib import sha256

from shikanji.audit.invariant import Ask, Invariant

_SERIES = "gstin, fiscal_year, series, kind"
_CHAINED = f"""SELECT id, hash, concat_ws(' ', {_SERIES}), number, issued_at, CAST(concat_ws('|', id, kind, number,
    order_id, payment_id, coalesce(refund_id, ''), coalesce(invoice_id, ''), store_id, customer_id, issued_at, taxable,
    cgst, sgst, igst, cess, round_off, total, seller_id, CAST(document AS TEXT)) AS BLOB)
FROM payment.invoices ORDER BY {_SERIES}, serial"""
"""What is hashed of each, as `payment.model.invoice.chained` has it, but for the hash of the one before it."""
_DAY = "date(issued_at / 1000000 + 19800, 'unixepoch')"
_BEGAN = f"(CAST(substr({_DAY}, 1, 4) AS INTEGER) - (substr({_DAY}, 6, 2) < '04'))"
"""The calendar year in which the tax year of an issue began, by India's clocks (19,800 s ahead of UTC)."""
_YEAR = f"printf('%02d%02d', {_BEGAN} % 100, ({_BEGAN} + 1) % 100)"


def torn(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Each that does not follow from the one before it in its series: (id, found, expected)."""
    last, before, earlier = None, b"", 0
    for invoice, found, series, number, issued_at, content in ask(_CHAINED):
        if series != last:
            last, before, earlier = series, b"", issued_at
        if issued_at < earlier:
            yield invoice, f"{number} at {issued_at}", f"not before {earlier}"
        if found != (expected := sha256(before + b"|" + content).hexdigest()):
            yield invoice, found, expected
        before, earlier = found.encode(), issued_at


INVOICES = (
    Invariant(
        "4c",
        "an invoice is over what was paid, which is what the order cost",
        "quiescent",
        """SELECT i.number, i.total || '', p.amount || ' asked for, ' || o.total || ' ordered' FROM odd_invoices i
        JOIN payment.payments p ON p.id = i.payment_id JOIN "order".orders o ON o.id = i.order_id
        WHERE i.kind = 'invoice' AND (i.total <> p.amount OR i.total <> o.total) AND i.issued_at <= :before""",
        of_odd=True,
    ),
    Invariant(
        "37a",
        "the numbers of a series run from 1 without a gap, and its row knows the last",
        "live",
        f"""SELECT gstin || ' ' || series || ' ' || fiscal_year || ' ' || kind,
               count(*) || ' from ' || min(serial) || ' to ' || max(serial), '1 to n' FROM payment.invoices
        GROUP BY {_SERIES} HAVING min(serial) <> 1 OR max(serial) <> count(*)
        UNION ALL
        SELECT s.gstin || ' ' || s.series || ' ' || s.fiscal_year || ' ' || s.kind,
               'last ' || s.last || ' ' || s.last_hash, coalesce(i.serial || ' ' || i.hash, 'one')
        FROM payment.invoice_series s
        LEFT JOIN payment.invoices i ON i.gstin = s.gstin AND i.fiscal_year = s.fiscal_year AND i.series = s.series
            AND i.kind = s.kind AND i.serial = (
                SELECT max(serial) FROM payment.invoices l WHERE l.gstin = s.gstin AND l.fiscal_year = s.fiscal_year
                AND l.series = s.series AND l.kind = s.kind)
        WHERE i.serial IS NOT s.last OR i.hash IS NOT s.last_hash""",
    ),
    Invariant(
        "37b",
        "no two documents of one GSTIN and year bear one number, whichever the store",
        "live",
        """SELECT min(id), count(*) || ' times ' || number, 'once' FROM payment.invoices
        GROUP BY gstin, fiscal_year, number HAVING count(*) > 1""",
    ),
    Invariant(
        "38",
        "a number has at most 16 letters, digits, dashes and slashes, and says its series and year",
        "live",
        """SELECT id, number, series || '/' || fiscal_year || '…' FROM payment.invoices
        WHERE length(number) NOT BETWEEN 1 AND 16 OR number GLOB '*[^A-Za-z0-9/-]*'
        OR substr(number, 1, length(series) + 5) <> series || '/' || fiscal_year""",
    ),
    Invariant(
        "39",
        "each document was issued in the year that its number says",
        "live",
        # Where the first and the last of a year are in it, all are.
        f"""SELECT id, number || ' at ' || issued_at, 'in ' || {_YEAR} FROM payment.invoices
        WHERE fiscal_year <> {_YEAR} AND fiscal_year IN (
            WITH years AS MATERIALIZED (
                SELECT fiscal_year, min(issued_at) AS first, max(issued_at) AS last FROM payment.invoices GROUP BY 1)
            SELECT fiscal_year FROM (
                SELECT fiscal_year, first AS issued_at FROM years UNION ALL SELECT fiscal_year, last FROM years)
            WHERE fiscal_year <> {_YEAR})""",
    ),
    Invariant(
        "40a",
        "what was paid has an invoice, or one is due",
        "live",
        """SELECT p.id, 'no invoice, and none due', 'an invoice of ' || p.captured FROM odd_payments p
        WHERE p.captured > 0 AND p.released IS NULL
        AND NOT EXISTS (SELECT 1 FROM payment.invoices i WHERE i.payment_id = p.id AND i.kind = 'invoice')
        AND NOT EXISTS (SELECT 1 FROM payment.invoices_due d WHERE d.key = p.order_id)""",
        of_odd=True,
    ),
    Invariant(
        "40b",
        "what went back of an invoice has a credit note of that amount, or one is due; and none else is there",
        "live",
        """SELECT r.id, coalesce('a note of ' || n.total, 'no note, and none due'), 'a note of ' || r.amount
        FROM payment.refunds r JOIN payment.invoices i ON i.payment_id = r.payment_id AND i.kind = 'invoice'
        LEFT JOIN payment.invoices n ON n.refund_id = r.id
        WHERE r.status = 'completed' AND CASE WHEN n.id IS NULL
            THEN NOT EXISTS (SELECT 1 FROM payment.invoices_due d WHERE d.key = r.id)
            ELSE n.total <> r.amount OR n.invoice_id IS NOT i.id END
        UNION ALL
        SELECT n.id, n.number || ' for refund ' || n.refund_id, 'a refund that went back' FROM payment.invoices n
        LEFT JOIN payment.refunds r ON r.id = n.refund_id AND r.status = 'completed' AND r.payment_id = n.payment_id
        WHERE n.kind = 'credit_note' AND r.id IS NULL""",
    ),
    Invariant(
        "40c",
        "credit notes take back no more than the invoice has, and all of it in each figure when all of it went back",
        "live",
        """SELECT i.number,
               n.total || ' back: ' || n.taxable || ' + ' || n.cgst || ' + ' || n.sgst || ' + ' || n.round_off,
               i.total || ': ' || i.taxable || ' + ' || i.cgst || ' + ' || i.sgst || ' + ' || i.round_off
        FROM payment.invoices i JOIN (
            SELECT invoice_id, sum(total) AS total, sum(taxable) AS taxable, sum(cgst) AS cgst, sum(sgst) AS sgst,
                   sum(round_off) AS round_off FROM payment.invoices
            WHERE invoice_id IS NOT NULL GROUP BY invoice_id) n ON n.invoice_id = i.id
        WHERE n.total > i.total OR n.total = i.total AND (n.taxable <> i.taxable OR n.cgst <> i.cgst
            OR n.sgst <> i.sgst OR n.round_off <> i.round_off)""",
    ),
    Invariant(
        "40d",
        "what is due is issued within two hours; it may wait for its order's confirmation, or its store's GSTIN",
        "quiescent",
        """SELECT d.key, d.kind || ' due at ' || d.due_at || coalesce(', waits for ' || d.waits_for, ''), 'issued'
        FROM payment.invoices_due d LEFT JOIN "order".orders o ON o.id = d.key
        WHERE d.due_at <= :before - 7200000000 OR d.since <= :before - 7200000000 AND CASE d.waits_for
            WHEN 'figures' THEN 1
            WHEN 'confirmation' THEN o.status NOT IN ('pending', 'cancelled') AND :before - 7200000000 >= (
                SELECT max(at) FROM "order".order_timeline t WHERE t.order_id = o.id) END""",
    ),
    Invariant(
        "40e",
        "only an order that was confirmed has an invoice",
        "quiescent",
        """SELECT i.number, 'for order ' || i.order_id, 'a confirmed order' FROM odd_invoices i
        WHERE i.kind = 'invoice' AND i.issued_at <= :before AND NOT EXISTS (
            SELECT 1 FROM "order".order_timeline t WHERE t.order_id = i.order_id AND t.status = 'confirmed')""",
        of_odd=True,
    ),
    Invariant(
        "41",
        "an invoice adds up, and bears either the halves of CGST and SGST or IGST",
        "live",
        """SELECT id, taxable || ' + ' || cgst || ' + ' || sgst || ' + ' || igst || ' + ' || cess || ' + ' || round_off,
               total || ', halves alike' FROM payment.invoices
        WHERE taxable + cgst + sgst + igst + cess + round_off <> total
        OR NOT (cgst = sgst AND igst = 0 OR cgst = 0 AND sgst = 0)""",
    ),
    Invariant(
        "42a",
        "no invoice was changed or taken away: each is tied to the one before it, and was not issued earlier",
        "live",
        judge=torn,
    ),
    Invariant(
        "42b",
        "who sold is as it was when it was written down",
        "live",
        """SELECT id, 'another', sha256_hex(document) FROM payment.sellers WHERE id <> sha256_hex(document)
        UNION ALL SELECT i.id, 'no seller ' || i.seller_id, 'the seller' FROM payment.invoices i
        WHERE NOT EXISTS (SELECT 1 FROM payment.sellers s WHERE s.id = i.seller_id)""",
    ),
    Invariant(
        "43i",
        "order, payment and invoice are of one store and one customer",
        "quiescent",
        """SELECT i.number, i.store_id || ' ' || i.customer_id, o.store_id || ' ' || o.customer_id
        FROM odd_invoices i JOIN "order".orders o ON o.id = i.order_id
        WHERE (i.store_id <> o.store_id OR i.customer_id <> o.customer_id) AND i.issued_at <= :before""",
        of_odd=True,
    ),
)
