"""What stands where on an invoice: texts only, so that the template computes nothing."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from shikanji.contracts.store import Seller
from shikanji.services.payment.model.invoice import Document, Invoice, InvoiceLine
from shikanji.services.payment.printing.wording import LABELS, Language, day, in_words, moment, percent, rupees

TEXT_MAX = 240
"""Characters of one text that are shown; no form takes more than this of anything that is printed."""
WORD_MAX = 24
LINES_FIT, TEXT_FITS = 8, 80
"""So many lines with texts of so many characters are on one page for certain."""
PAISE_FIT = 10_000 * 100
"""Amounts below have room in columns of a given width."""
_DARK = re.compile(rb"\x01+")
_WORDS = re.compile(rf"\S{{{WORD_MAX}}}(?=\S)")


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    json: bytes
    printed_at: int
    """Seconds since 1970: the time of issue, whenever it is printed."""


def sheet_of(invoice: Invoice, seller: Seller, language: Language) -> Sheet:
    labels, content = LABELS[language], invoice.content
    title = str(labels[invoice.kind])
    total = str(labels["total" if invoice.kind == "invoice" else "credit_total"])
    told: dict[str, Any] = {
        "language": language,
        "labels": labels,
        "title": title,
        "copy": labels["copy"],
        "number": invoice.number,
        "footer": labels["footer"] if invoice.kind == "invoice" else invoice.gstin,
        "seller": _seller(seller),
        "facts": _facts(invoice, content, language),
        "buyer": {"name": _shown(content.buyer), "address": [_shown(line) for line in content.address]},
        "place_of_supply": f"{seller.state} ({seller.state_code})",
        "about": _about(content, language),
        "lines": [_line(place, line, language) for place, line in enumerate(content.lines, start=1)],
        "summary": _summary(content.lines),
        "fits": _fits(content),
        "totals": _totals(invoice, language),
        "total": [total, rupees(invoice.total)],
        "words": in_words(invoice.total, language),
        "qr": _qr(invoice),
        "hash": invoice.hash,
    }
    return Sheet(json=_encoded(told), printed_at=invoice.issued_at // 1_000_000)


def _encoded(told: dict[str, Any]) -> bytes:
    """JSON in which nothing begins code or a formula: typst parses each file that it is given, if only to tell where it
    is wrong."""
    return msgspec.json.encode(told).replace(b"#", rb"\u0023").replace(b"$", rb"\u0024")


def _seller(seller: Seller) -> dict[str, Any]:
    place = f"{seller.city}, {seller.state} {seller.postal_code}"
    address = (seller.line1, seller.line2, place, seller.phone)
    return {
        "name": _shown(seller.name),
        "legal_name": _shown(seller.legal_name),
        "gstin": seller.gstin,
        "fssai": seller.fssai,
        "address": [_shown(line) for line in address if line],
    }


def _facts(invoice: Invoice, content: Document, language: Language) -> list[list[Any]]:
    labels = LABELS[language]
    return [
        [labels["number"], invoice.number],
        [labels["date"], day(invoice.issued_at, language)],
        [labels["order"], content.order_number],
        [labels["placed"], moment(content.placed_at, language)],
        [labels["payment"], labels[content.payment_method]],
    ]


def _about(content: Document, language: Language) -> list[Any] | None:
    if content.about is None:
        return None
    labels, about = LABELS[language], content.about
    reason = labels.get(about.reason, about.reason)
    return [labels["about"], f"{about.number}, {day(about.issued_at, language)}: {_shown(str(reason))}"]


def _fits(content: Document) -> bool:
    """Most do, and their sheets take three quarters of the time."""
    texts = [*content.address, content.buyer, *(", ".join((line.name, *line.options)) for line in content.lines)]
    return (
        len(content.lines) <= LINES_FIT
        and all(len(text) <= TEXT_FITS for text in texts)
        and sum(line.taxable + 2 * line.half + line.off for line in content.lines) < PAISE_FIT
    )


def _line(place: int, line: InvoiceLine, language: Language) -> dict[str, Any]:
    name = line.name_hi if language == "hi" and line.name_hi else line.name
    return {
        "place": str(place),
        "name": _shown(name),
        "more": [_shown(", ".join(line.options))] if line.options else [],
        "hsn": line.hsn,
        "quantity": str(line.quantity) if line.quantity else "–",
        "price": rupees(line.price),
        "off": rupees(line.off) if line.off else "–",
        "taxable": rupees(line.taxable),
        "half": rupees(line.half),
        "half_rate": percent(5 * line.rate_bp),
        "gross": rupees(line.taxable + 2 * line.half),
    }


def _summary(lines: Sequence[InvoiceLine]) -> list[list[str]]:
    """By HSN/SAC and rate, as returns ask for it."""
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        of = sums.setdefault((line.hsn, line.rate_bp), [0, 0])
        of[0] += line.taxable
        of[1] += line.half
    return [
        [hsn, percent(10 * rate), rupees(taxable), rupees(half), rupees(half)]
        for (hsn, rate), (taxable, half) in sorted(sums.items())
    ]


def _totals(invoice: Invoice, language: Language) -> list[list[Any]]:
    return list(_total_rows(invoice, LABELS[language]))


def _total_rows(invoice: Invoice, labels: dict[str, Any]) -> Iterator[list[Any]]:
    yield [labels["taxable"], rupees(invoice.taxable)]
    yield ["CGST", rupees(invoice.cgst)]
    yield ["SGST", rupees(invoice.sgst)]
    if invoice.round_off:
        yield [labels["round_off"], rupees(invoice.round_off)]


def _qr(invoice: Invoice) -> str:
    """An SVG. What it says can be held against our books: the hash is over the whole document and all before it."""
    import segno

    date = day(invoice.issued_at, "en")
    # Capitals, digits and blanks take a third less room than any other text.
    total = f"{invoice.total // 100}.{invoice.total % 100:02}"
    text = " ".join((invoice.number, date, invoice.gstin, total, invoice.hash)).upper()
    # Any mask can be read; finding the handsomest of the eight takes longer than all the rest.
    return _drawn(segno.make(text, error="m", micro=False, mask=2).matrix)


def _drawn(squares: Sequence[bytearray]) -> str:
    """Each row's dark squares as strokes; the library's own drawing takes five times as long."""
    size = len(squares)
    strokes = "".join(
        f"M{dark.start()} {row}.5h{dark.end() - dark.start()}"
        for row, line in enumerate(squares)
        for dark in _DARK.finditer(line)
    )
    box = f'xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}"'
    return f'<svg {box}><path stroke="#000" d="{strokes}"/></svg>'


def _shown(text: str) -> str:
    """A text as the sheet takes it: without control characters, not endless, and with places to break a long word."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    short = clean if len(clean) <= TEXT_MAX else f"{clean[: TEXT_MAX - 1]}…"
    return _WORDS.sub(lambda word: f"{word.group()}\u200b", short)
