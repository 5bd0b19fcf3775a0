"""Reports as files for spreadsheets: no cell is ever a formula, whatever a product is called."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

Cell = str | int | None

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Full-width ones too: some spreadsheets take them for the others."""
COLUMN_WIDTH = 14


class Table(NamedTuple):
    """`name` is the file's, without its ending."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def to_csv(table: Table) -> bytes:
    """UTF-8 with a mark that makes spreadsheets read it as such; lines end as RFC 4180 says."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_shown(cell) for cell in row] for row in table.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(table: Table) -> bytes:
    """One sheet. Takes long for many rows: for a thread."""
    import xlsxwriter

    out = io.BytesIO()
    texts = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **texts}) as book:
        sheet = book.add_worksheet("report")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.columns) - 1, COLUMN_WIDTH)
        sheet.write_row(0, 0, table.columns, book.add_format({"bold": True}))
        for place, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(place, column, cell)
                elif cell is not None:
                    sheet.write_string(place, column, _shown(cell))
    return out.getvalue()


def _shown(cell: Cell) -> str:
    """A text that a spreadsheet would take for a formula begins with an apostrophe, which says that it is none."""
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA_SIGNS) else text
