"""Guards are found in the source, and a sample of them is missed when it is gone; all are asked after by
`python -m tests.house.mutation`."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shikanji.house import SERVICES
from shikanji.kit.web.routes import Who
from tests.house.guards import all_guards, guards_in, routes_behind, without
from tests.house.mutation import DOUBLED, grouped
from tests.house.sources import ROOT

# One of each kind, over several services, and one that stands in the kit.
SAMPLE = (
    "services/customer/routes/accounts.py as STAFF who=Who.ADMIN",
    "services/inventory/routes/stock.py always works_in(principal, row.store_id)",
    "services/loyalty/routes/points.py without require_account(incoming.principal, incoming.path['customerId'])",
    "services/order/model/edges.py always principal.admin",
    "services/payment/routes/access.py whatever if role in READERS",
    "services/review/actions/reviews.py never if purchase.customer_id != customer_id",
    "services/store/routes/zones.py as ANYONE who=Who.ADMIN",
    "kit/web/identity.py without _check(route.who, principal)",
)
IN_A_PROCESS_OF_ITS_OWN = """
import json, sys
from dataclasses import replace
from tests.house.guards import all_guards
from tests.house.mutation import noticed

guards = [guard for guard in all_guards() if guard.rule in sys.argv[1:]]
unchanged = next(guard for guard in all_guards() if guard.text == "who=Who.SIGNED_IN")
looked = noticed([*guards, replace(unchanged, kind="as SIGNED_IN")], jobs=2, controlled=False)
print(json.dumps([[guard.rule, found] for guard, found in looked]))
"""


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ('@routes.get("/a", who=Who.ADMIN)\nasync def a(room, incoming): ...', ["as ANYONE", "as STAFF"]),
        ('@routes.get("/a", who=Who.SIGNED_IN)\nasync def a(room, incoming): ...', ["as ANYONE"]),
        ('@routes.get("/a", who=Who.ANYONE)\nasync def a(room, incoming): ...', []),
        ("def a(incoming):\n    require_account(incoming.principal, 1)", ["without"]),
        ("def a(actor):\n    order.check_followed_by(actor)", ["without"]),
        ("def a(actor):\n    order.move(actor.id)", []),
        ("def a(principal):\n    if principal.account_id != b:\n        raise Forbidden", ["never"]),
        ("def a(head_office):\n    if not head_office:\n        manager_may_touch(member)", ["never"]),
        ("def a(order, customer_id):\n    if order.customer_id != customer_id:\n        raise NotFound", ["never"]),
        ("def a(order):\n    if order.total != 0:\n        raise NotFound", []),
        ("def a(principal):\n    return principal.admin", ["always"]),
        ("def a(principal):\n    return principal.account_id == b", ["always"]),
        ("def a(principal, row):\n    return works_in(principal, row)", ["always"]),
        ("def a(principal):\n    return [id for id, role in principal.roles.items() if role in READERS]", ["whatever"]),
        ("def a(stores):\n    return [id for id, role in stores.items() if role in READERS]", []),
    ],
)
def test_what_asks_who_somebody_is_is_a_guard_and_can_be_taken_away(source: str, kinds: list[str]) -> None:
    found = list(guards_in(Path("a.py"), source))

    assert [guard.kind for guard in found] == kinds
    assert {guard.function for guard in found} <= {"a"}
    assert all(ast.unparse(without([guard], source)) != ast.unparse(ast.parse(source)) for guard in found)


def test_every_route_that_is_not_open_to_all_has_a_guard() -> None:
    guarded = frozenset().union(*routes_behind(all_guards()))
    routes = [route for service in SERVICES for route in service.routes.all]

    assert {route.name for route in routes if route.who is not Who.ANYONE} - guarded == set()
    assert len(guarded) > 100


def test_no_two_guards_that_are_gone_together_stand_before_one_route() -> None:
    groups = grouped(all_guards())

    rows = [[row for rows in group.values() for row in rows] for group in groups]
    assert all(len(asked) == len(set(asked)) for asked in rows)
    assert sum(map(len, groups)) == len(all_guards())


def test_a_guard_that_is_gone_is_missed_and_one_that_is_as_it_was_is_not() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, *SAMPLE], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    looked = [(rule, found != "") for rule, found in json.loads(ran.stdout)]
    assert {rule for rule, missed in looked if missed} == set(SAMPLE)
    assert [rule.rpartition(" as ")[2] for rule, missed in looked if not missed] == ["SIGNED_IN who=Who.SIGNED_IN"]


def test_guards_that_may_go_unnoticed_are_there() -> None:
    assert set(DOUBLED) - {guard.rule for guard in all_guards()} == set()
