"""Money is integer paise: no float where amounts are computed, and amounts are ints in every published shape."""

import ast
import typing
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest

from shikanji.contracts import customer, inventory, order, payment, store
from shikanji.house import SERVICES
from shikanji.sandbox import service as sandbox
from tests.house.shapes import structs_in, structs_within
from tests.house.sources import python_files

COMPUTES_MONEY = (
    "src/shikanji/kit/money.py",
    "src/shikanji/services/order/",
    "src/shikanji/services/payment/",
    "src/shikanji/services/inventory/model/pricing.py",
    "src/shikanji/services/inventory/model/tax.py",
    "src/shikanji/services/store/model/serving.py",
    "src/shikanji/services/analytics/model/",
    "src/shikanji/services/analytics/actions/",
    "src/shikanji/sandbox/",
    "src/shikanji/audit/",
)
DEGREES = {"latitude", "longitude", "degrees"}
DEGREES_STORED = {"latitude_e6", "longitude_e6"}
AMOUNTS = {
    "amount",
    "price",
    "total",
    "subtotal",
    "fee",
    "tax",
    "discount",
    "paid",
    "refunded",
    "captured",
    "refunding",
}
AMOUNT_ENDINGS = (
    "_price",
    "_total",
    "_fee",
    "_tax",
    "_discount",
    "_delta",
    "_cost",
    "_amount",
    "_paid",
    "_off",
    "_spent",
)


def floats(tree: ast.AST) -> Iterator[str]:
    """What is, makes or may become a float. Degrees of latitude and longitude may."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float()):
                yield f"line {node.lineno}: {node.value!r}"
            case ast.BinOp(op=ast.Div()) if not _joins_paths(node) and not _is_of_degrees(node):
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.AugAssign(op=ast.Div()):
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case (
                ast.AnnAssign(target=ast.Name(id=name), annotation=annotation)
                | ast.arg(arg=name, annotation=ast.expr() as annotation)
            ) if name.lower() not in DEGREES and _names_float(annotation):
                yield f"line {node.lineno}: {name}: {ast.unparse(annotation)}"
            case ast.Call(func=ast.Name(id="float")):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def _joins_paths(node: ast.BinOp) -> bool:
    """`folder / "name"`: a quotient with a text in it is none."""
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _is_of_degrees(node: ast.BinOp) -> bool:
    return isinstance(node.left, ast.Attribute) and node.left.attr in DEGREES_STORED


def _names_float(annotation: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))


def amounts_that_are_no_ints(kinds: Iterable[type[msgspec.Struct]]) -> Iterator[str]:
    for kind in kinds:
        for name, hint in typing.get_type_hints(kind, include_extras=True).items():
            if (name in AMOUNTS or name.endswith(AMOUNT_ENDINGS)) and "float" in _spelled(hint):
                yield f"{kind.__name__}.{name}"


def _spelled(hint: Any) -> str:
    return repr(hint)


def test_no_float_where_money_is_computed() -> None:
    found = {name: list(floats(tree)) for name, tree in python_files(*COMPUTES_MONEY)}

    assert len(found) > 40
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "offence",
    [
        "half = total / 2",
        "total /= 2",
        "rate = 0.05",
        "rate: float",
        "def tax(rate: float | None): ...",
        "float(total)",
    ],
)
def test_a_planted_float_is_seen(offence: str) -> None:
    assert len(list(floats(ast.parse(offence)))) == 1


def test_every_published_amount_is_an_int() -> None:
    contracts = structs_in(customer, inventory, order, payment, store)
    bodies = [kind for service in (*SERVICES, sandbox) for kind in structs_within(service.routes)]

    assert list(amounts_that_are_no_ints([*contracts, *bodies])) == []


def test_an_amount_that_is_no_int_is_seen() -> None:
    class Bill(msgspec.Struct):
        total: float
        latitude: float
        delivery_fee: float | None

    assert list(amounts_that_are_no_ints([Bill])) == ["Bill.total", "Bill.delivery_fee"]
