"""Invoices and credit notes on paper: A4 as PDF, in English or Hindi. What was issued is frozen, and the same document
always gives the same bytes: nothing is stored."""

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shikanji.contracts.store import Seller
from shikanji.services.payment.model.invoice import Invoice
from shikanji.services.payment.printing.sheet import sheet_of
from shikanji.services.payment.printing.wording import Language

if TYPE_CHECKING:
    import typst

__all__ = ["EDITION", "Language", "print_invoice"]

EDITION = "2"
"""Of the template: it is part of an ETag, so that a browser does not keep the old look."""
TEMPLATE = Path(__file__).parent / "invoice.typ"
FONTS = ("noto-sans", "noto-sans-devanagari")

_thread = threading.local()
"""A compiler takes one sheet at a time, and a fifth of a second to learn its fonts: each thread keeps its own."""


def print_invoice(invoice: Invoice, seller: Seller, language: Language) -> bytes:
    """The PDF. For a thread: laying it out takes as long as setting it, and only that lets the others run meanwhile."""
    sheet = sheet_of(invoice, seller, language)
    # As a file beside the template: what else it could be told by (`sys.inputs`) belongs to typst's own library, and
    # with another library nothing that it has laid out before is good any more.
    files: Any = {"main.typ": _template(), "invoice.json": sheet.json}
    pdf = _compiler().compile(files, format="pdf", timestamp=sheet.printed_at)
    if not isinstance(pdf, bytes):
        raise TypeError("one sheet makes one file")
    return pdf


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


def _compiler() -> "typst.Compiler":
    """Imported where it is first used: a platform at rest does without."""
    found: typst.Compiler | None = getattr(_thread, "compiler", None)
    if found is None:
        found = _thread.compiler = _make_compiler()
    return found


def _make_compiler() -> "typst.Compiler":
    import fontpkg
    import typst

    folders = [fontpkg.family(name).files[0].path.parent for name in FONTS]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(root=TEMPLATE.parent, font_paths=fonts)
