"""What the store service does, on its real database."""

from typing import Any

import pytest

from shikanji.contracts.customer import VerifiedAccount
from shikanji.kit.errors import Invalid, PreconditionFailed
from shikanji.services.store import actions, repository
from shikanji.services.store.errors import (
    AlreadyStaff,
    CodeTaken,
    RoleNotGrantable,
    SlugTaken,
    StaffNotFound,
    StoreNotFound,
    ZoneNotFound,
)
from shikanji.services.store.model.staff import Member
from shikanji.services.store.model.store import Store, codes_for
from tests.kit.databases import OpenDatabase
from tests.services.store.makers import daily, make_closure, make_particulars, make_zone


@pytest.fixture
def database(each_database: OpenDatabase) -> OpenDatabase:
    return each_database


async def open_store(database: OpenDatabase, **changes: Any) -> Store:
    return await database.write(actions.create_store, make_particulars(**changes))


def account(id: str = "ravi") -> VerifiedAccount:
    return VerifiedAccount(account_id=id, name="Ravi", email="ravi@demo.test", phone=None)


async def hire(database: OpenDatabase, store: Store, role: Any = "chef", id: str = "ravi") -> Member:
    return await database.write(actions.add_staff, store.id, account(id), role, head_office=True)


def told(database: OpenDatabase) -> list[str]:
    return [event.type for event in database.events()]


async def test_a_new_store_is_found_again_whole_and_told(database: OpenDatabase) -> None:
    store = await open_store(database)

    assert await database.read(repository.find_store, store.id) == store
    assert (store.slug, store.code) == ("jain-shikanji-mg-road", "ROA1")
    assert told(database) == ["StoreCreated"]


async def test_a_second_store_with_a_slug_or_a_code_is_refused_and_leaves_nothing(database: OpenDatabase) -> None:
    await open_store(database, slug="mg-road", code="MGR1")

    with pytest.raises(SlugTaken):
        await open_store(database, slug="mg-road", code="MGR2")
    with pytest.raises(CodeTaken):
        await open_store(database, slug="other", code="MGR1")

    assert told(database) == ["StoreCreated"]
    assert database.query("SELECT count(*) FROM store_postal_codes") == [(1,)]


async def test_codes_made_from_one_word_count_on(database: OpenDatabase) -> None:
    stores = [await open_store(database, slug=f"store-{at}-koramangala") for at in range(3)]

    assert [store.code for store in stores] == ["KOR1", "KOR2", "KOR3"]


@pytest.mark.parametrize(
    ("slug", "code"), [("sector-18", "SEC1"), ("18", "S1"), ("mg-road", "ROA1"), ("store-24x7", "STO1")]
)
def test_a_code_that_is_made_begins_with_a_letter_so_that_no_order_number_looks_like_a_cards(
    slug: str, code: str
) -> None:
    assert next(codes_for(slug)) == code


async def test_when_every_code_of_a_word_is_taken_one_has_to_be_given(database: OpenDatabase) -> None:
    for at in range(33):
        await open_store(database, slug=f"store-{at}-koramangala")

    with pytest.raises(CodeTaken):
        await open_store(database, slug="another-koramangala")


async def test_a_change_is_stored_and_told_once(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(actions.update_store, store.id, {"prep_minutes": 45})
    await database.write(actions.update_store, store.id, {"prep_minutes": 45})

    assert (await database.read(repository.find_store, store.id)).prep_minutes == 45
    assert told(database) == ["StoreCreated", "StoreUpdated"]


async def test_a_slug_or_a_code_of_another_store_cannot_be_taken(database: OpenDatabase) -> None:
    await open_store(database, slug="mg-road", code="MGR1")
    other = await open_store(database, slug="koramangala", code="KOR1")

    with pytest.raises(SlugTaken):
        await database.write(actions.update_store, other.id, {"slug": "mg-road"})
    with pytest.raises(CodeTaken):
        await database.write(actions.update_store, other.id, {"code": "MGR1"})

    assert await database.read(repository.find_store, other.id) == other


@pytest.mark.parametrize("if_match", ['"1"', '"1-abc"', '"9-x", "1-abc"', 'W/"1"', "*"])
async def test_an_edit_of_what_was_read_goes_through(database: OpenDatabase, if_match: str) -> None:
    store = await open_store(database)

    changed = await database.write(actions.update_store, store.id, {"prep_minutes": 45}, if_match)

    assert changed.version == 2


@pytest.mark.parametrize("if_match", ['"2"', '"11"', '"2-1"', "rubbish", ""])
async def test_an_edit_of_something_older_is_refused(database: OpenDatabase, if_match: str) -> None:
    store = await open_store(database)

    with pytest.raises(PreconditionFailed):
        await database.write(actions.update_store, store.id, {"prep_minutes": 45}, if_match)


async def test_what_is_not_there_cannot_be_changed(database: OpenDatabase) -> None:
    store = await open_store(database)

    with pytest.raises(StoreNotFound):
        await database.write(actions.update_store, "nowhere", {"prep_minutes": 45})
    with pytest.raises(ZoneNotFound):
        await database.write(actions.replace_zone, store.id, make_zone())


async def test_a_closed_store_keeps_its_row_and_says_so(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(actions.deactivate_store, store.id)

    assert await database.read(repository.list_stores, "active", None, None, 10) == []
    (closed,) = await database.read(repository.list_stores, "inactive", None, None, 10)
    assert closed.id == store.id
    assert told(database) == ["StoreCreated", "StoreStatusChanged"]


async def test_hours_closures_and_zones_are_part_of_the_store(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(actions.set_hours, store.id, daily("11:00", "23:00"))
    closure = await database.write(actions.add_closure, store.id, make_closure("2026-12-25", "2026-12-25"))
    zone = await database.write(actions.add_zone, store.id, make_zone())
    await database.write(actions.replace_zone, store.id, make_zone(id=zone.id, fee=1))

    whole = await database.read(repository.find_store, store.id)
    assert (len(whole.hours), whole.closures, whole.zones[0].fee, whole.version) == (21, (closure,), 1, 5)
    await database.write(actions.remove_closure, store.id, closure.id)
    await database.write(actions.remove_zone, store.id, zone.id)
    whole = await database.read(repository.find_store, store.id)
    assert (whole.closures, whole.zones) == ((), ())


async def test_overlapping_hours_change_nothing(database: OpenDatabase) -> None:
    store = await open_store(database)

    with pytest.raises(Invalid):
        await database.write(actions.set_hours, store.id, [*daily("11:00", "23:00"), *daily("22:00", "23:30")])

    assert await database.read(repository.find_store, store.id) == store


async def test_stores_are_found_by_where_they_deliver(database: OpenDatabase) -> None:
    near = await open_store(database, slug="near")
    far = await open_store(database, slug="far")
    await database.write(actions.add_zone, far.id, make_zone(postal_codes=("560099",)))

    async def delivering(postal_code: str) -> list[str]:
        found = await database.read(repository.list_stores, "all", postal_code, None, 10)
        return [store.id for store in found]

    assert await delivering("560001") == [near.id, far.id]
    assert await delivering("560099") == [far.id]
    assert await delivering("110001") == []


async def test_a_list_goes_on_behind_the_last_store(database: OpenDatabase) -> None:
    stores = [await open_store(database, slug=f"store-{at}") for at in range(3)]

    rest = await database.read(repository.list_stores, "all", None, stores[0].id, 10)

    assert rest == stores[1:]


async def test_adding_staff_is_told_with_a_version(database: OpenDatabase) -> None:
    store = await open_store(database)

    member = await hire(database, store)

    assert await database.read(repository.roles_of, "ravi") == {store.id: "chef"}
    assert database.events()[-1].data == {
        "staffId": member.id,
        "accountId": "ravi",
        "storeId": store.id,
        "role": "chef",
        "version": 1,
    }


async def test_one_person_has_one_place_in_a_store(database: OpenDatabase) -> None:
    store, other = await open_store(database, slug="one"), await open_store(database, slug="two")
    await hire(database, store)

    with pytest.raises(AlreadyStaff):
        await hire(database, store, "cashier")
    await hire(database, other, "cashier")

    assert await database.read(repository.roles_of, "ravi") == {store.id: "chef", other.id: "cashier"}


async def test_who_comes_back_takes_the_old_place_with_a_higher_version(database: OpenDatabase) -> None:
    store = await open_store(database)
    first = await hire(database, store)
    await database.write(actions.remove_staff, store.id, first.id, head_office=True)

    again = await hire(database, store, "support")

    assert (again.id, again.version, again.role) == (first.id, 3, "support")
    assert [event.data["version"] for event in database.events()[1:]] == [1, 2, 3]


async def test_who_is_removed_has_no_role_and_is_in_no_list(database: OpenDatabase) -> None:
    store = await open_store(database)
    member = await hire(database, store)

    await database.write(actions.remove_staff, store.id, member.id, head_office=True)

    assert await database.read(repository.roles_of, "ravi") == {}
    assert await database.read(actions.staff_of, store.id, None, 10) == []
    with pytest.raises(StaffNotFound):
        await database.write(actions.remove_staff, store.id, member.id, head_office=True)
    assert told(database) == ["StoreCreated", "StaffAdded", "StaffRemoved"]


async def test_another_role_is_told_and_the_same_is_not(database: OpenDatabase) -> None:
    store = await open_store(database)
    member = await hire(database, store)

    changed = await database.write(actions.change_role, store.id, member.id, "cashier", head_office=False)
    await database.write(actions.change_role, store.id, member.id, "cashier", head_office=False)

    assert (changed.role, changed.version) == ("cashier", 2)
    assert told(database) == ["StoreCreated", "StaffAdded", "StaffUpdated"]


async def test_an_edit_of_staff_may_say_which_version_it_read(database: OpenDatabase) -> None:
    store = await open_store(database)
    member = await hire(database, store)

    with pytest.raises(PreconditionFailed):
        await database.write(actions.change_role, store.id, member.id, "cashier", head_office=True, expected='"2"')


async def test_a_manager_neither_makes_nor_changes_nor_removes_a_manager(database: OpenDatabase) -> None:
    store = await open_store(database)
    boss = await hire(database, store, "manager", "boss")
    chef = await hire(database, store, "chef", "chef")

    with pytest.raises(RoleNotGrantable):
        await database.write(actions.add_staff, store.id, account("new"), "manager", head_office=False)
    with pytest.raises(RoleNotGrantable):
        await database.write(actions.change_role, store.id, chef.id, "manager", head_office=False)
    with pytest.raises(RoleNotGrantable):
        await database.write(actions.change_role, store.id, boss.id, "chef", head_office=False)
    with pytest.raises(RoleNotGrantable):
        await database.write(actions.remove_staff, store.id, boss.id, head_office=False)

    assert told(database) == ["StoreCreated", "StaffAdded", "StaffAdded"]


async def test_staff_of_one_store_is_not_staff_of_another(database: OpenDatabase) -> None:
    store, other = await open_store(database, slug="one"), await open_store(database, slug="two")
    member = await hire(database, store)

    with pytest.raises(StaffNotFound):
        await database.write(actions.remove_staff, other.id, member.id, head_office=True)
    with pytest.raises(StaffNotFound):
        await database.read(repository.find_member, other.id, member.id)


async def test_staff_needs_a_store(database: OpenDatabase) -> None:
    with pytest.raises(StoreNotFound):
        await database.write(actions.add_staff, "nowhere", account(), "chef", head_office=True)
    with pytest.raises(StoreNotFound):
        await database.read(actions.staff_of, "nowhere", None, 10)
