"""Requests for the rows of authorization.yaml that ask a route in other words, because it then answers otherwise."""

from tests.harness import ADDRESS
from tests.house.people import People
from tests.house.requests import (
    ANALYTICS,
    API,
    CAMPAIGNS,
    ONE_STORE,
    ORDERS,
    PAYMENTS,
    RECIPES,
    REVIEWS,
    STOCK,
    STORES,
    Ask,
    dismiss,
    hire,
    place_order,
    plain,
    recipe,
    review,
)

__all__ = ["RECIPES"]

STORE = ("store",)


# store ----------------------------------------------------------------------------------------------------------------
plain(f"GET {STORES} (all)", f"{STORES}?status=all")
plain(f"GET {STORES}/{{id}} (closed)", f"{STORES}/{{closed}}")
plain(f"PUT {STORES}/{{id}} (what is head office's)", ONE_STORE, {"minimumOrder": 0})
plain(f"PUT {STORES}/{{id}}/status (whether it is there)", f"{ONE_STORE}/status", {"active": True})
plain(f"PUT {STORES}/{{id}}/settings (rounding)", f"{ONE_STORE}/settings", {"roundTo": 0})
plain(
    f"PUT {STORES}/{{id}}/staff/{{staffId}} (a manager's)", f"{ONE_STORE}/staff/{{manager_staff}}", {"role": "manager"}
)


@recipe(f"POST {STORES}/{{id}}/staff (a manager)")
async def appoint(people: People) -> Ask:
    asked = await hire(people)
    return Ask(asked.path, {**asked.body, "role": "manager"})


@recipe(f"PUT {STORES}/{{id}}/staff/{{staffId}} (to manager)")
async def promote(people: People) -> Ask:
    return Ask((await dismiss(people)).path, {"role": "manager"})


@recipe(f"DELETE {STORES}/{{id}}/staff/{{staffId}} (a manager)")
async def dismiss_manager(people: People) -> Ask:
    asked = await promote(people)
    await people.as_admin("PUT", asked.path.removeprefix(API), asked.body)
    return Ask(asked.path)


# order ----------------------------------------------------------------------------------------------------------------
plain(f"GET {ORDERS} (of a store)", f"{ORDERS}?storeId={{store}}", hidden=STORE)
plain(f"GET {ORDERS} (of a customer)", f"{ORDERS}?customerId={{owner}}", hidden=STORE)
plain(f"GET {ORDERS} (of a number)", f"{ORDERS}?q={{number}}", hidden=STORE)
plain(
    f"GET {ORDERS}/customer/{{customerId}} (who bought at both stores)", f"{ORDERS}/customer/{{customer}}", hidden=STORE
)


@recipe(f"POST {ORDERS} (for a customer)")
async def order_for_another(people: People) -> Ask:
    asked = await place_order(people)
    return Ask(asked.path, {**asked.body, "customerId": people.things["owner"]})


@recipe(f"POST {ORDERS} (with a customer's points)")
async def redeem_for_another(people: People) -> Ask:
    asked = await order_for_another(people)
    return Ask(asked.path, {**asked.body, "redeemPoints": 1}, refused=(409, 422))


@recipe(f"PUT {ORDERS}/{{id}}/status (as it is, ordered by another store's chef)")
async def leave_it(people: People) -> Ask:
    order = await people.placed("other_chef")
    return Ask(f"{ORDERS}/{order['id']}/status", {"status": "confirmed"})


@recipe(f"PUT {ORDERS}/{{id}}/status (to completed)")
async def complete(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await under_way(people, 'preparing', 'ready')}/status", {"status": "completed"})


@recipe(f"PUT {ORDERS}/{{id}}/status (to dispatched)")
async def dispatch(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await on_the_road(people, 'preparing', 'ready')}/status", {"status": "dispatched"})


@recipe(f"PUT {ORDERS}/{{id}}/status (to delivered)")
async def deliver(people: People) -> Ask:
    order = await on_the_road(people, "preparing", "ready", "dispatched")
    return Ask(f"{ORDERS}/{order}/status", {"status": "delivered"})


@recipe(f"POST {ORDERS}/{{id}}/cancel (in the kitchen)")
async def cancel_late(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await under_way(people, 'preparing')}/cancel", {"reason": "changed my mind"})


@recipe(f"POST {ORDERS}/{{id}}/cancel (on its way)")
async def cancel_too_late(people: People) -> Ask:
    order = await on_the_road(people, "preparing", "ready", "dispatched")
    return Ask(f"{ORDERS}/{order}/cancel", {"reason": "nobody opens"})


@recipe(f"PUT {ORDERS}/{{id}}/assignment (to the courier)")
async def give_out(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await people.order()}/assignment", {"courierId": people.things["delivery"]})


@recipe(f"PUT {ORDERS}/{{id}}/assignment (of another's work)")
async def take_away(people: People) -> Ask:
    path, manager = f"{ORDERS}/{await people.order()}/assignment", await people.client("manager")
    assert (await manager.put(path, {"cookId": manager.id})).status == 200
    return Ask(path, {"cookId": None})


async def under_way(people: People, *statuses: str) -> str:
    order = await people.order()
    await people.advance(order, *statuses)
    return order


async def on_the_road(people: People, *statuses: str) -> str:
    order = await people.order(fulfilment="delivery", deliveryAddress=ADDRESS)
    await people.advance(order, *statuses)
    return order


# payment, inventory, loyalty, analytics, review -----------------------------------------------------------------------
plain(f"GET {PAYMENTS} (of a store)", f"{PAYMENTS}?storeId={{store}}", hidden=STORE)
plain(f"GET {PAYMENTS} (of a customer)", f"{PAYMENTS}?customerId={{owner}}", hidden=STORE)
plain(f"GET {PAYMENTS} (of an order)", f"{PAYMENTS}?orderId={{paid}}", hidden=STORE)
plain(f"GET {API}/inventory/{{productId}} (everywhere)", STOCK, hidden=STORE)
plain(
    f"PUT {API}/products/{{id}}/stores/{{storeId}} (its price)",
    f"{API}/products/{{product}}/stores/{{store}}",
    {"listed": True, "price": 9_000},
)
plain(f"GET {CAMPAIGNS} (all)", f"{CAMPAIGNS}?all=true")
plain(f"GET {ANALYTICS}/sales (everywhere)", f"{ANALYTICS}/sales?by=store", hidden=STORE)


@recipe(f"POST {REVIEWS} (of what is known to be received)")
async def review_known(people: People) -> Ask:
    asked = await review(people)
    await people.shop.settle()
    return asked
