"""Reports as files: whole, and never a formula."""

import csv
import io
from zipfile import ZipFile

import pytest

from shikanji.services.analytics.exporting import Table, to_csv, to_xlsx
from shikanji.services.analytics.routes.exports import REPORTS
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import STORE, confirmed, created, line, number, paid, tell

EVIL = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '=HYPERLINK("http://a.test")',
]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    office = await open_office(base)
    order = number()
    await tell(base, created(order, line(name='=cmd|" /C calc"!A1')), confirmed(order), paid(order))
    return office


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("report", REPORTS)
async def test_every_report_comes_as_csv_and_as_a_workbook(office: Office, report: str) -> None:
    lines = await office.ask(f"/csv/{report}")
    book = await office.ask(f"/xlsx/{report}")

    assert (lines.status, book.status) == (200, 200)
    assert lines.headers["content-type"].startswith("text/csv")
    assert lines.headers["content-disposition"].endswith(f'{report}-2026-10-24-2026-11-22.csv"')
    rows = read(lines.body)
    assert all(len(row) == len(rows[0]) for row in rows)
    with ZipFile(io.BytesIO(book.body)) as parts:
        assert parts.testzip() is None


async def test_a_file_has_the_same_figures_as_the_report(office: Office) -> None:
    shown = (await office.get("/sales?grain=month"))["rows"]

    header, *rows = read((await office.ask("/csv/sales?grain=month")).body)

    assert header[:3] == ["period", "key", "name"]
    assert [dict(zip(header, row, strict=True)) for row in rows] == [
        {name: str(value) for name, value in row.items()} for row in shown
    ]


async def test_a_products_name_is_never_a_formula(office: Office) -> None:
    (_, row) = read((await office.ask("/csv/products")).body)

    assert '\'=cmd|" /C calc"!A1' in row


@pytest.mark.parametrize("text", EVIL)
def test_no_text_becomes_a_formula_and_a_number_stays_one(text: str) -> None:
    table = Table("t", ["name", "amount"], [[text, -5]])

    assert read(to_csv(table))[1] == [f"'{text}", "-5"]
    with ZipFile(io.BytesIO(to_xlsx(table))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<v>-5</v>" in sheet
        assert "hyperlink" not in sheet


async def test_who_may_not_see_a_report_gets_no_file_of_it(office: Office) -> None:
    for form in ("csv", "xlsx"):
        assert (await office.ask(f"/{form}/sales?storeId={STORE}", "manager of other")).status == 403
        assert (await office.ask(f"/{form}/sales", "chef")).status == 403
        assert (await office.ask(f"/{form}/passwords")).status == 404
        assert (await office.ask(f"/{form}/passwords", "chef")).status == 403
        assert (await office.ask(f"/{form}/sales?grain=hour&by=store")).status == 422
