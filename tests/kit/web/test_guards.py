"""Owner and store scope: who may, who may not, and who must not even know."""

from collections.abc import Callable

import pytest

from shikanji.kit.auth import ANONYMOUS, Principal
from shikanji.kit.errors import Forbidden, NotFound, Problem, Unauthorized
from shikanji.kit.web.guards import (
    require_account,
    require_admin,
    require_own,
    require_owner_or,
    require_role,
    require_role_somewhere,
    require_staff_of,
    require_visible,
    works_in,
)

HERE, THERE = "store-here", "store-there"

PRINCIPALS = {
    "anonymous": ANONYMOUS,
    "owner": Principal(account_id="owner"),
    "customer": Principal(account_id="customer"),
    "manager": Principal(account_id="m", roles={HERE: "manager"}),
    "chef": Principal(account_id="c", roles={HERE: "chef", THERE: "manager"}),
    "other manager": Principal(account_id="o", roles={THERE: "manager"}),
    "admin": Principal(account_id="a", admin=True),
}

GUARDS: dict[str, Callable[[Principal], None]] = {
    "an order is seen": lambda who: require_visible(who, owner_id="owner", store_id=HERE),
    "an order is cancelled": lambda who: require_owner_or(who, "owner", HERE, "manager"),
    "an order is served": lambda who: require_staff_of(who, "owner", HERE, "manager", "chef"),
    "a store is edited": lambda who: require_role(who, HERE, "manager"),
    "suppliers are listed": lambda who: require_role_somewhere(who, "manager"),
    "a profile is read": lambda who: require_account(who, "owner"),
    "a profile is changed": lambda who: require_own(who, "owner"),
    "closed stores are listed": require_admin,
}


@pytest.mark.parametrize(
    ("what", "allowed", "forbidden"),
    [
        ("an order is seen", {"owner", "manager", "chef", "admin"}, set()),
        ("an order is cancelled", {"owner", "manager", "admin"}, {"chef"}),
        ("an order is served", {"manager", "chef", "admin"}, {"owner"}),
        ("a store is edited", {"manager", "admin"}, {"anonymous", "owner", "customer", "chef", "other manager"}),
        ("suppliers are listed", {"manager", "chef", "other manager", "admin"}, {"anonymous", "owner", "customer"}),
        ("a profile is read", {"owner", "admin"}, set()),
        ("a profile is changed", {"owner"}, {"admin"}),
        ("closed stores are listed", {"admin"}, set(PRINCIPALS) - {"admin", "anonymous"}),
    ],
)
def test_each_guard_lets_in_exactly_whom_it_should(what: str, allowed: set[str], forbidden: set[str]) -> None:
    outcomes = {name: outcome(GUARDS[what], principal) for name, principal in PRINCIPALS.items()}

    assert {name for name, refusal in outcomes.items() if refusal is None} == allowed
    assert {name for name, refusal in outcomes.items() if refusal is Forbidden} == forbidden
    assert all(refusal in {None, Forbidden, NotFound, Unauthorized} for refusal in outcomes.values())


def outcome(guard: Callable[[Principal], None], principal: Principal) -> type[Problem] | None:
    try:
        guard(principal)
    except Problem as problem:
        return type(problem)
    return None


def test_nobody_owns_what_has_no_owner() -> None:
    with pytest.raises(NotFound):
        require_visible(ANONYMOUS, owner_id=None, store_id=None)
    with pytest.raises(NotFound):
        require_visible(ANONYMOUS, owner_id="", store_id=None)


def test_who_may_be_head_office_is_told_to_sign_in() -> None:
    assert outcome(require_admin, ANONYMOUS) is Unauthorized


def test_any_role_counts_where_none_is_named() -> None:
    assert works_in(PRINCIPALS["chef"], HERE)
    assert not works_in(PRINCIPALS["other manager"], HERE)


def test_a_principal_knows_its_roles() -> None:
    chef = PRINCIPALS["chef"]

    assert (chef.role_in(HERE), chef.role_in("elsewhere"), chef.staff, chef.key) == ("chef", None, True, "c")
    assert (ANONYMOUS.anonymous, Principal(service="order").anonymous) == (True, False)
