"""What tokens may say: roles, head office, disabled accounts; and which tokens are no good any more."""

from typing import Literal

import pytest

from shikanji.contracts.customer import Revocations
from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.auth import Role
from shikanji.kit.clock import MINUTE
from shikanji.kit.events import Event
from shikanji.services.customer.actions import accounts, sessions
from shikanji.services.customer.errors import OwnAccount
from shikanji.services.customer.subscribers import change_role, grant_role, withdraw_role
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import make_account, register, sign_in_as

ENGINES = ["sqlite", "postgres"]


def added(account_id: str, role: Role = "chef", version: int = 1, store: str = "store-1") -> StaffAdded:
    return StaffAdded(staff_id=f"staff-{store}", account_id=account_id, store_id=store, role=role, version=version)


def updated(account_id: str, role: Role, version: int) -> StaffUpdated:
    return StaffUpdated(staff_id="staff-store-1", account_id=account_id, store_id="store-1", role=role, version=version)


def removed(account_id: str, version: int) -> StaffRemoved:
    return StaffRemoved(staff_id="staff-store-1", account_id=account_id, store_id="store-1", version=version)


async def tell(database: OpenDatabase, event: Event) -> None:
    match event:
        case StaffAdded():
            await database.write(grant_role, event)
        case StaffUpdated():
            await database.write(change_role, event)
        case StaffRemoved():
            await database.write(withdraw_role, event)


def changes(database: OpenDatabase) -> list[int]:
    return [event.data["minimumVersion"] for event in database.events() if event.type == "AccessChanged"]


async def roles(database: OpenDatabase) -> dict[str, Role]:
    return (await sign_in_as(database, label=f"at {len(database.events())}")).roles


async def test_a_new_member_of_staff_carries_the_role_and_older_tokens_are_worthless(database: OpenDatabase) -> None:
    customer = await make_account(database)

    await tell(database, added(customer.id))

    signed_in = await sign_in_as(database)
    assert signed_in.principal.roles == {"store-1": "chef"}
    assert signed_in.principal.version == 2
    assert changes(database) == [2]


async def test_the_same_event_twice_changes_access_once(database: OpenDatabase) -> None:
    customer = await make_account(database)

    for _ in range(2):
        await tell(database, added(customer.id))

    assert changes(database) == [2]


@pytest.mark.parametrize("order", ["in order", "newest first"])
async def test_whatever_comes_late_the_newest_word_on_a_place_counts(
    database: OpenDatabase, order: Literal["in order", "newest first"]
) -> None:
    customer = await make_account(database)
    story = [added(customer.id, "chef", 1), updated(customer.id, "manager", 2), removed(customer.id, 3)]

    for event in story if order == "in order" else reversed(story):
        await tell(database, event)

    assert await roles(database) == {}


async def test_who_is_taken_on_again_has_the_new_role(database: OpenDatabase) -> None:
    customer = await make_account(database)
    for event in (added(customer.id), removed(customer.id, 2), added(customer.id, "cashier", 3)):
        await tell(database, event)

    assert await roles(database) == {"store-1": "cashier"}


async def test_one_may_work_in_two_stores(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await tell(database, added(customer.id))
    await tell(database, added(customer.id, "manager", store="store-2"))

    assert await roles(database) == {"store-1": "chef", "store-2": "manager"}


async def test_an_account_that_is_not_here_is_no_error(database: OpenDatabase) -> None:
    await tell(database, added("somebody"))

    assert database.events() == []


async def test_disabling_ends_all_sessions_and_tells_it(database: OpenDatabase) -> None:
    signed_in = await register(database)

    _, notices = await database.write(accounts.set_disabled, signed_in.customer.id, True, "head-office")

    assert [(notice.account_id, notice.minimum_version) for notice in notices if notice.account_id] == [
        (signed_in.customer.id, 2)
    ]
    assert [notice.session_id for notice in notices if notice.session_id] == [signed_in.session_id]
    (access,) = [event.data for event in database.events() if event.type == "AccessChanged"]
    assert access == {"customerId": signed_in.customer.id, "minimumVersion": 2, "disabled": True}
    assert database.query("SELECT count(*) FROM refresh_tokens WHERE consumed_at IS NULL") == [(0,)]


async def test_an_enabled_account_signs_in_again_but_its_old_tokens_stay_dead(database: OpenDatabase) -> None:
    signed_in = await register(database)
    await database.write(accounts.set_disabled, signed_in.customer.id, True, "head-office")
    await database.write(accounts.set_disabled, signed_in.customer.id, False, "head-office")

    again = await sign_in_as(database)

    assert again.principal.version == 3
    assert not await standing(database, signed_in.customer.id, signed_in.session_id, 1)
    assert await standing(database, again.customer.id, again.session_id, 3)


async def test_disabling_twice_is_told_once(database: OpenDatabase) -> None:
    customer = await make_account(database)
    for _ in range(2):
        await database.write(accounts.set_disabled, customer.id, True, "head-office")

    assert changes(database) == [2]


async def test_head_office_does_not_lock_itself_out(database: OpenDatabase) -> None:
    admin = await make_account(database, admin=True)

    with pytest.raises(OwnAccount):
        await database.write(accounts.set_disabled, admin.id, True, admin.id)


async def test_head_office_can_be_joined_and_left(database: OpenDatabase) -> None:
    customer = await make_account(database)

    await database.write(accounts.set_admin, customer.id, True)
    assert (await sign_in_as(database, label="in")).principal.admin

    await database.write(accounts.set_admin, customer.id, False)
    assert not (await sign_in_as(database, label="out")).principal.admin
    assert changes(database) == [2, 3]


async def test_a_token_below_the_minimum_version_has_no_standing(database: OpenDatabase) -> None:
    signed_in = await register(database)
    assert await standing(database, signed_in.customer.id, signed_in.session_id, 1)

    await database.write(accounts.set_admin, signed_in.customer.id, True)

    assert not await standing(database, signed_in.customer.id, signed_in.session_id, 1)
    assert await standing(database, signed_in.customer.id, signed_in.session_id, 2)


async def test_a_session_has_standing_for_its_own_account_only(database: OpenDatabase) -> None:
    signed_in = await register(database)

    assert not await standing(database, "somebody-else", signed_in.session_id, 1)
    assert not await standing(database, signed_in.customer.id, "no-session", 1)


async def test_revocations_are_remembered_for_one_token_life(database: OpenDatabase) -> None:
    signed_in = await register(database)
    ended_at = database.clock.now()
    await database.write(sessions.logout, signed_in.customer.id, signed_in.session_id)
    await database.write(accounts.set_admin, signed_in.customer.id, True)

    database.clock.advance(15 * MINUTE)
    assert await database.read(sessions.revocations) == Revocations(
        sessions={signed_in.session_id: ended_at}, minimum_versions={signed_in.customer.id: 2}
    )

    database.clock.advance(2 * MINUTE)
    assert await database.read(sessions.revocations) == Revocations(sessions={}, minimum_versions={})


async def standing(database: OpenDatabase, customer_id: str, session_id: str, version: int) -> bool:
    return await database.read(sessions.is_good, customer_id, session_id, version)
