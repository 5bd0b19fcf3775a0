"""For every route, a request that passes all but its guards: so that the answer tells what the guards say."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.harness import ADDRESS, PASSWORD
from tests.house.people import PICTURE, People, fresh_name, fresh_phone, fresh_store_code

API = "/api/v1"
STORES, ORDERS, PAYMENTS, CUSTOMERS, AUTH = (
    f"{API}/{name}" for name in ("stores", "orders", "payments", "customers", "auth")
)


@dataclass(frozen=True)
class Ask:
    """`refused`: what an allowed caller may hear besides 2xx, from behind the guards. `ends_session`: the caller's.
    `hidden`: things that the other store's people must not hear of here, though their ids are no secret elsewhere."""

    path: str
    body: Any = None
    refused: tuple[int, ...] = ()
    ends_session: bool = False
    hidden: tuple[str, ...] = ()


Recipe = Callable[[People], Awaitable[Ask]]
RECIPES: dict[str, Recipe] = {}


def recipe(route: str) -> Callable[[Recipe], Recipe]:
    def register(made: Recipe) -> Recipe:
        RECIPES[route] = made
        return made

    return register


def plain(
    route: str, path: str, body: Any = None, refused: tuple[int, ...] = (), *, hidden: tuple[str, ...] = ()
) -> None:
    """The same request every time; `{…}` in path and body texts are `things`."""

    async def ask(people: People) -> Ask:
        return Ask(path.format_map(people.things), filled(body, people.things), refused, hidden=hidden)

    RECIPES[route] = ask


def filled(body: Any, things: dict[str, str]) -> Any:
    """With `things` where its texts say `{…}`."""
    if isinstance(body, dict):
        return {name: filled(value, things) for name, value in body.items()}
    return body.format_map(things) if isinstance(body, str) else body


# store ----------------------------------------------------------------------------------------------------------------
ONE_STORE = f"{STORES}/{{store}}"
NEW_STORE = {"name": "Brigade Road", "address": ADDRESS, "latitude": 12.97, "longitude": 77.6, "active": False}
ZONE = {"name": "Near", "postalCodes": ["560001"], "fee": 2_000, "minutes": 25}

plain(f"GET {STORES}", STORES)
plain(f"GET {STORES}/{{id}}", ONE_STORE)
plain(f"PUT {STORES}/{{id}}", ONE_STORE, {"prepMinutes": 20})
plain(f"PUT {STORES}/{{id}}/status", f"{ONE_STORE}/status", {"acceptingOrders": True})
plain(f"GET {STORES}/{{id}}/settings", f"{ONE_STORE}/settings")
plain(f"PUT {STORES}/{{id}}/settings", f"{ONE_STORE}/settings", {"prepMinutes": 20})
plain(f"GET {STORES}/{{id}}/hours", f"{ONE_STORE}/hours")
plain(f"GET {STORES}/{{id}}/closures", f"{ONE_STORE}/closures")
plain(f"GET {STORES}/{{id}}/serving", f"{ONE_STORE}/serving?fulfilment=pickup")
plain(f"GET {STORES}/{{id}}/staff", f"{ONE_STORE}/staff")
plain(f"GET {STORES}/{{id}}/staff/{{staffId}}", f"{ONE_STORE}/staff/{{chef_staff}}")
plain(f"PUT {STORES}/{{id}}/staff/{{staffId}}", f"{ONE_STORE}/staff/{{chef_staff}}", {"role": "chef"})
plain(f"GET {STORES}/{{id}}/zones", f"{ONE_STORE}/zones")
plain(f"POST {STORES}/{{id}}/zones", f"{ONE_STORE}/zones", ZONE)


@recipe(f"POST {STORES}")
async def create_store(people: People) -> Ask:
    name = fresh_name("store")
    return Ask(STORES, {**NEW_STORE, "name": name, "slug": name, "code": fresh_store_code()})


@recipe(f"DELETE {STORES}/{{id}}")
async def close_store(people: People) -> Ask:
    made = await people.as_admin("POST", "/stores", (await create_store(people)).body)
    return Ask(f"{STORES}/{made['id']}")


@recipe(f"PUT {STORES}/{{id}}/hours")
async def set_hours(people: People) -> Ask:
    path = f"{STORES}/{people.things['store']}/hours"
    kept = (await people.shop.anonymous.get(path)).data
    fields = ("fulfilment", "day", "opens", "closes")
    return Ask(path, {"hours": [{field: interval[field] for field in fields} for interval in kept]})


@recipe(f"GET {STORES}/{{id}}/slots")
async def list_slots(people: People) -> Ask:
    return Ask(f"{STORES}/{people.things['store']}/slots?fulfilment=pickup&date={people.day(1)}")


@recipe(f"POST {STORES}/{{id}}/closures")
async def add_closure(people: People) -> Ask:
    path = f"{STORES}/{people.things['store']}/closures"
    return Ask(path, {"first": people.day(100), "last": people.day(100), "fulfilment": "dine-in"})


@recipe(f"DELETE {STORES}/{{id}}/closures/{{closureId}}")
async def remove_closure(people: People) -> Ask:
    asked = await add_closure(people)
    made = await people.as_admin("POST", asked.path.removeprefix(API), asked.body)
    return Ask(f"{asked.path}/{made['id']}")


@recipe(f"POST {STORES}/{{id}}/staff")
async def hire(people: People) -> Ask:
    path = f"/stores/{people.things['store']}/staff"
    hired = await _spare_member(people, path)
    if hired is not None:
        await people.as_admin("DELETE", f"{path}/{hired}")
    return Ask(API + path, {"identifier": people.things["spare_email"], "role": "cashier"})


@recipe(f"DELETE {STORES}/{{id}}/staff/{{staffId}}")
async def dismiss(people: People) -> Ask:
    path = f"/stores/{people.things['store']}/staff"
    member = await _spare_member(people, path)
    if member is None:
        await people.as_admin("POST", path, {"identifier": people.things["spare_email"], "role": "cashier"})
        member = await _spare_member(people, path)
    await people.as_admin("PUT", f"{path}/{member}", {"role": "cashier"})
    return Ask(f"{API}{path}/{member}")


async def _spare_member(people: People, path: str) -> str | None:
    members = await people.as_admin("GET", f"{path}?limit=100")
    return next((member["id"] for member in members if member["accountId"] == people.things["spare"]), None)


@recipe(f"PUT {STORES}/{{id}}/zones/{{zoneId}}")
@recipe(f"DELETE {STORES}/{{id}}/zones/{{zoneId}}")
async def change_zone(people: People) -> Ask:
    path = f"{STORES}/{people.things['store']}/zones"
    made = await people.as_admin("POST", path.removeprefix(API), ZONE)
    return Ask(f"{path}/{made['id']}", ZONE)


# inventory ------------------------------------------------------------------------------------------------------------
STOCK = f"{API}/inventory/{{product}}"
OF_STORE = "?storeId={store}"

plain(f"GET {API}/categories", f"{API}/categories")
plain(f"GET {API}/categories/{{id}}", f"{API}/categories/{{category}}")
plain(f"GET {API}/products", f"{API}/products")
plain(f"GET {API}/products/{{id}}", f"{API}/products/{{product}}")
plain(f"GET {API}/products/{{id}}/definition", f"{API}/products/{{product}}/definition")
plain(f"PUT {API}/products/{{id}}/stores/{{storeId}}", f"{API}/products/{{product}}/stores/{{store}}", {"listed": True})
plain(f"GET {API}/inventory", f"{API}/inventory{OF_STORE}")
plain(f"GET {API}/inventory/{{productId}}", STOCK + OF_STORE)
plain(f"GET {API}/inventory/{{productId}}/movements", f"{STOCK}/movements{OF_STORE}")
plain(
    f"PUT {API}/inventory/{{productId}}/adjust",
    f"{STOCK}/adjust",
    {"storeId": "{store}", "delta": 1, "reason": "found"},
)
plain(f"PUT {API}/inventory/{{productId}}/levels", f"{STOCK}/levels", {"storeId": "{store}", "minimum": 5})
plain(f"GET {API}/tax-classes", f"{API}/tax-classes")


@recipe(f"POST {API}/categories")
async def add_category(people: People) -> Ask:
    return Ask(f"{API}/categories", {"name": fresh_name("Snacks")})


@recipe(f"PUT {API}/categories/{{id}}")
@recipe(f"DELETE {API}/categories/{{id}}")
async def change_category(people: People) -> Ask:
    asked = await add_category(people)
    made = await people.as_admin("POST", "/categories", asked.body)
    return Ask(f"{asked.path}/{made['id']}", asked.body)


@recipe(f"POST {API}/products")
async def add_product(people: People) -> Ask:
    name = fresh_name("lassi")
    fields = {"name": name, "sku": name, "categoryId": people.things["category"], "price": 9_000}
    return Ask(f"{API}/products", {**fields, "taxClass": "delivery", "ingredients": ["Curd", "Sugar"]})


@recipe(f"PUT {API}/products/{{id}}")
async def change_product(people: People) -> Ask:
    asked = await add_product(people)
    made = await people.as_admin("POST", "/products", asked.body)
    return Ask(f"{asked.path}/{made['id']}", asked.body)


@recipe(f"POST {API}/tax-classes")
async def add_tax_rate(people: People) -> Ask:
    return Ask(
        f"{API}/tax-classes", {"taxClass": fresh_name("packaged"), "name": "Packaged", "rateBp": 1_200, "hsn": "0910"}
    )


# order ----------------------------------------------------------------------------------------------------------------
plain(f"GET {ORDERS}", ORDERS)
plain(f"GET {ORDERS}/customer/{{customerId}}", f"{ORDERS}/customer/{{owner}}")
plain(f"GET {ORDERS}/{{id}}", f"{ORDERS}/{{order}}")
plain(f"PUT {ORDERS}/{{id}}/assignment", f"{ORDERS}/{{order}}/assignment", {"cookId": None})
plain(f"GET {ORDERS}/{{id}}/tracking", f"{ORDERS}/{{underway}}/tracking")
plain(f"POST {ORDERS}/{{id}}/tracking", f"{ORDERS}/{{underway}}/tracking", {"latitude": 12.9, "longitude": 77.6})


@recipe(f"POST {ORDERS}")
async def place_order(people: People) -> Ask:
    item = {"productId": people.things["product"], "quantity": 1}
    fields = {"fulfilment": "pickup", "items": [item], "paymentMethod": "cod"}
    return Ask(ORDERS, {"storeId": people.things["store"], **fields})


@recipe(f"PUT {ORDERS}/{{id}}/status (to preparing)")
async def begin_cooking(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await people.order()}/status", {"status": "preparing"})


@recipe(f"POST {ORDERS}/{{id}}/cancel")
async def cancel_order(people: People) -> Ask:
    return Ask(f"{ORDERS}/{await people.order()}/cancel", {"reason": "changed my mind"})


# payment --------------------------------------------------------------------------------------------------------------
PAID = f"{PAYMENTS}/{{payment}}"
VERIFICATION = {"paymentId": "{payment}", "providerPaymentId": "{provider_payment}", "signature": "{signature}"}

plain(f"POST {PAYMENTS}/initiate", f"{PAYMENTS}/initiate", {"orderId": "{unpaid}"})
plain(f"POST {PAYMENTS}/verify", f"{PAYMENTS}/verify", VERIFICATION)
plain(f"GET {PAYMENTS}", PAYMENTS)
plain(f"GET {PAYMENTS}/{{id}}", PAID)
plain(f"GET {PAYMENTS}/order/{{orderId}}", f"{PAYMENTS}/order/{{paid}}")
plain(f"GET {PAYMENTS}/{{id}}/refunds", f"{PAID}/refunds")
plain(f"POST {PAYMENTS}/{{id}}/refund", f"{PAID}/refund", {"amount": 1, "reason": "spilt"})
plain(f"POST {PAYMENTS}/{{id}}/refunds/{{refundId}}/retry", f"{PAID}/refunds/{{refund}}/retry", refused=(409,))
plain(f"GET {PAYMENTS}/{{id}}/invoice", f"{PAID}/invoice")
plain(f"GET {PAYMENTS}/{{id}}/credit-notes", f"{PAID}/credit-notes")
plain(f"GET {PAYMENTS}/invoices", f"{PAYMENTS}/invoices")
plain(
    f"GET {PAYMENTS}/invoices/export",
    f"{PAYMENTS}/invoices/export?since=2026-01-01T00:00:00Z&until=2026-01-31T00:00:00Z",
)
plain(f"GET {PAYMENTS}/invoices/{{id}}", f"{PAYMENTS}/invoices/{{invoice}}")
plain(f"GET {PAYMENTS}/webhooks", f"{PAYMENTS}/webhooks")
plain(f"POST {PAYMENTS}/webhooks/{{id}}/retry", f"{PAYMENTS}/webhooks/{{webhook}}/retry", refused=(409,))
plain(f"POST {PAYMENTS}/webhooks/{{provider}}", f"{PAYMENTS}/webhooks/sandbox", {"id": "evt_1"})

# sandbox --------------------------------------------------------------------------------------------------------------
CHECKOUT = "/sandbox/checkout/{provider_order}"
MERCHANT = "/sandbox/merchant"

plain("GET /sandbox/checkout/{providerOrderId}", CHECKOUT)
plain("POST /sandbox/checkout/{providerOrderId}", CHECKOUT, {"outcome": "failure"}, refused=(409,))
plain(f"POST {MERCHANT}/orders", f"{MERCHANT}/orders", {"amount": 100, "reference": "mine"})
plain(f"GET {MERCHANT}/orders/{{providerOrderId}}", f"{MERCHANT}/orders/{{provider_order}}")
plain(f"GET {MERCHANT}/payments/{{providerPaymentId}}", f"{MERCHANT}/payments/{{provider_payment}}")
plain(f"POST {MERCHANT}/refunds", f"{MERCHANT}/refunds", {"amount": 100, "paymentId": "{provider_payment}"})
plain(f"GET {MERCHANT}/refunds/{{key}}", f"{MERCHANT}/refunds/{{refund}}")
plain("PUT /sandbox/faults", "/sandbox/faults", {"operation": "checkout", "kind": "dead"})
plain("DELETE /sandbox/faults", "/sandbox/faults")

# customer -------------------------------------------------------------------------------------------------------------
ACCOUNT = f"{CUSTOMERS}/{{owner}}"

plain("GET /.well-known/jwks.json", "/.well-known/jwks.json")
plain(f"POST {AUTH}/login", f"{AUTH}/login", {"identifier": "{spare_email}", "password": PASSWORD})
plain(f"PUT {AUTH}/password", f"{AUTH}/password", {"currentPassword": PASSWORD, "newPassword": PASSWORD})
plain(f"POST {AUTH}/verification", f"{AUTH}/verification", {"channel": "email"}, refused=(409,))
plain(
    f"POST {AUTH}/verification/confirm",
    f"{AUTH}/verification/confirm",
    {"channel": "email", "code": "000000"},
    refused=(409, 422),
)
plain(f"GET {AUTH}/sessions", f"{AUTH}/sessions")
plain(f"POST {AUTH}/keys", f"{AUTH}/keys")
plain(f"GET {CUSTOMERS}", CUSTOMERS)
plain(f"GET {CUSTOMERS}/{{id}}", ACCOUNT)
plain(f"PUT {CUSTOMERS}/{{id}}", ACCOUNT, {"name": "Nisha Rao"})
plain(f"PUT {CUSTOMERS}/{{id}}/access", f"{ACCOUNT}/access", {"disabled": False})
plain(f"GET {CUSTOMERS}/{{id}}/addresses", f"{ACCOUNT}/addresses")
plain(f"POST {CUSTOMERS}/{{id}}/addresses", f"{ACCOUNT}/addresses", ADDRESS)
plain(f"PUT {CUSTOMERS}/{{id}}/addresses/{{addressId}}", f"{ACCOUNT}/addresses/{{address}}", ADDRESS)
plain(f"GET {CUSTOMERS}/{{id}}/preferences", f"{ACCOUNT}/preferences")
plain(f"PUT {CUSTOMERS}/{{id}}/preferences", f"{ACCOUNT}/preferences", {"spice": "mild"})
plain(f"GET {CUSTOMERS}/{{id}}/favourites", f"{ACCOUNT}/favourites")
plain(f"PUT {CUSTOMERS}/{{id}}/favourites/{{productId}}", f"{ACCOUNT}/favourites/{{product}}")
plain(f"DELETE {CUSTOMERS}/{{id}}/favourites/{{productId}}", f"{ACCOUNT}/favourites/{{product}}")


@recipe(f"DELETE {CUSTOMERS}/{{id}}/addresses/{{addressId}}")
async def forget_address(people: People) -> Ask:
    path = f"{CUSTOMERS}/{people.things['owner']}/addresses"
    made = await (await people.client("owner")).post(path, ADDRESS)
    return Ask(f"{path}/{made.data['id']}")


@recipe(f"POST {AUTH}/register")
async def register(people: People) -> Ask:
    person = {"name": "Asha Mehta", "email": f"{fresh_name('a')}@shop.test", "phone": fresh_phone()}
    return Ask(f"{AUTH}/register", {**person, "password": "correct horse battery"})


@recipe(f"POST {AUTH}/refresh")
async def refresh(people: People) -> Ask:
    credentials = {"identifier": people.things["spare_email"], "password": PASSWORD}
    granted = await people.shop.anonymous.post(f"{AUTH}/login", credentials)
    return Ask(f"{AUTH}/refresh", {"refreshToken": granted.data["refreshToken"]})


@recipe(f"POST {AUTH}/password/reset")
async def ask_for_reset(people: People) -> Ask:
    return Ask(f"{AUTH}/password/reset", {"identifier": f"{fresh_name('nobody')}@shop.test"})


@recipe(f"POST {AUTH}/password/reset/confirm")
async def reset_password(people: People) -> Ask:
    nobody = (await ask_for_reset(people)).body
    body = {**nobody, "code": "000000", "newPassword": "correct horse battery"}
    return Ask(f"{AUTH}/password/reset/confirm", body, refused=(422,))


@recipe(f"POST {AUTH}/otp")
async def ask_for_code(people: People) -> Ask:
    return Ask(f"{AUTH}/otp", {"phone": fresh_phone()})


@recipe(f"POST {AUTH}/otp/verify")
async def sign_in_by_code(people: People) -> Ask:
    phone = fresh_phone()
    await people.shop.anonymous.post(f"{AUTH}/otp", {"phone": phone})
    return Ask(f"{AUTH}/otp/verify", {"phone": phone, "code": await people.code_sent_to(phone)})


@recipe(f"POST {AUTH}/logout")
async def log_out(people: People) -> Ask:
    return Ask(f"{AUTH}/logout", ends_session=True)


@recipe(f"DELETE {AUTH}/sessions")
async def end_all_sessions(people: People) -> Ask:
    return Ask(f"{AUTH}/sessions", ends_session=True)


@recipe(f"DELETE {AUTH}/sessions/{{id}}")
async def end_session(people: People) -> Ask:
    listed = await (await people.new_session("owner")).get(f"{AUTH}/sessions")
    return Ask(f"{AUTH}/sessions/{next(session['id'] for session in listed.data if session['current'])}")


# loyalty --------------------------------------------------------------------------------------------------------------
LOYALTY, CAMPAIGNS = f"{API}/loyalty", f"{API}/campaigns"
OF_MEMBER = f"{LOYALTY}/customer/{{owner}}"
POINTS = {"customerId": "{owner}", "points": 5, "reason": "a gift"}

plain(f"GET {LOYALTY}/tiers", f"{LOYALTY}/tiers")
plain(f"GET {LOYALTY}/customer/{{customerId}}", OF_MEMBER)
plain(f"GET {LOYALTY}/customer/{{customerId}}/transactions", f"{OF_MEMBER}/transactions")
plain(f"GET {LOYALTY}/customer/{{customerId}}/tiers", f"{OF_MEMBER}/tiers")
plain(f"POST {LOYALTY}/earn", f"{LOYALTY}/earn", POINTS)
plain(f"POST {LOYALTY}/redeem", f"{LOYALTY}/redeem", POINTS, refused=(409,))
plain(f"POST {LOYALTY}/adjust", f"{LOYALTY}/adjust", POINTS)
plain(f"GET {CAMPAIGNS}", CAMPAIGNS)
plain(f"GET {CAMPAIGNS}/{{code}}/validate", f"{CAMPAIGNS}/NO-SUCH-CODE/validate", refused=(422,))


@recipe(f"POST {CAMPAIGNS}")
async def start_campaign(people: People) -> Ask:
    fields = {"name": "Diwali", "type": "discount", "discountType": "percentage", "value": 10, "active": False}
    return Ask(CAMPAIGNS, {**fields, "code": fresh_name("D").upper(), "startsAt": f"{people.day(0)}T00:00:00Z"})


@recipe(f"GET {CAMPAIGNS}/{{id}}")
@recipe(f"PUT {CAMPAIGNS}/{{id}}")
async def change_campaign(people: People) -> Ask:
    asked = await start_campaign(people)
    made = await people.as_admin("POST", "/campaigns", asked.body)
    return Ask(f"{CAMPAIGNS}/{made['id']}", asked.body)


# suppliers and purchase orders ----------------------------------------------------------------------------------------
SUPPLIERS, PURCHASES = f"{API}/suppliers", f"{API}/purchase-orders"

plain(f"GET {SUPPLIERS}", SUPPLIERS)
plain(f"POST {SUPPLIERS}", SUPPLIERS, {"name": "Modinagar Masala"})
plain(f"GET {PURCHASES}", PURCHASES + OF_STORE)
plain(f"GET {PURCHASES}/suggestions", f"{PURCHASES}/suggestions{OF_STORE}")
plain(f"POST {PURCHASES}/suggestions", f"{PURCHASES}/suggestions", {"storeId": "{store}"})


@recipe(f"GET {SUPPLIERS}/{{id}}")
@recipe(f"PUT {SUPPLIERS}/{{id}}")
@recipe(f"DELETE {SUPPLIERS}/{{id}}")
async def change_supplier(people: People) -> Ask:
    body = {"name": "Modinagar Masala", "products": [{"productId": people.things["product"], "unitCost": 500}]}
    made = await people.as_admin("POST", "/suppliers", body)
    return Ask(f"{SUPPLIERS}/{made['id']}", body)


@recipe(f"POST {PURCHASES}")
async def create_purchase(people: People) -> Ask:
    supplier = (await change_supplier(people)).path.rpartition("/")[2]
    lines = [{"productId": people.things["product"], "quantity": 3}]
    return Ask(PURCHASES, {"storeId": people.things["store"], "supplierId": supplier, "lines": lines})


@recipe(f"GET {PURCHASES}/{{id}}")
@recipe(f"PUT {PURCHASES}/{{id}}")
async def change_purchase(people: People) -> Ask:
    asked = await create_purchase(people)
    made = await people.as_admin("POST", "/purchase-orders", asked.body)
    return Ask(f"{PURCHASES}/{made['id']}", {"lines": asked.body["lines"], "note": "by noon"})


@recipe(f"PUT {PURCHASES}/{{id}}/status")
async def confirm_purchase(people: People) -> Ask:
    return Ask(f"{(await change_purchase(people)).path}/status", {"status": "confirmed"})


@recipe(f"GET {PURCHASES}/{{id}}/receipts")
@recipe(f"POST {PURCHASES}/{{id}}/receipts")
async def receive_purchase(people: People) -> Ask:
    asked = await change_purchase(people)
    await people.as_admin("PUT", f"{asked.path.removeprefix(API)}/status", {"status": "confirmed"})
    return Ask(f"{asked.path}/receipts", {"lines": asked.body["lines"]})


# analytics ------------------------------------------------------------------------------------------------------------
ANALYTICS = f"{API}/analytics"

for report in ("dashboard", "sales", "customers", "customers/best", "products", "orders", "funnel", "history"):
    plain(f"GET {ANALYTICS}/{report}", f"{ANALYTICS}/{report}{OF_STORE}")
for form in ("csv", "xlsx"):
    plain(f"GET {ANALYTICS}/{form}/{{report}}", f"{ANALYTICS}/{form}/sales{OF_STORE}")
plain(f"POST {ANALYTICS}/event", f"{ANALYTICS}/event", {"visitId": "visit-0001", "events": [{"name": "menu_viewed"}]})


# notification ---------------------------------------------------------------------------------------------------------
NOTIFICATIONS = f"{API}/notifications"
WORDS = {"title": "Hello", "body": "Hello"}

plain(f"GET {NOTIFICATIONS}/user/{{userId}}", f"{NOTIFICATIONS}/user/{{owner}}")
plain(f"GET {NOTIFICATIONS}/user/{{userId}}/unread", f"{NOTIFICATIONS}/user/{{owner}}/unread")
plain(f"PUT {NOTIFICATIONS}/user/{{userId}}/read", f"{NOTIFICATIONS}/user/{{owner}}/read")
plain(f"PUT {NOTIFICATIONS}/{{id}}/read", f"{NOTIFICATIONS}/{{notification}}/read")
plain(f"GET {NOTIFICATIONS}/preferences/{{userId}}", f"{NOTIFICATIONS}/preferences/{{owner}}")
plain(f"GET {NOTIFICATIONS}/log", f"{NOTIFICATIONS}/log")
plain(f"GET {NOTIFICATIONS}/push/key", f"{NOTIFICATIONS}/push/key")
plain(f"GET {NOTIFICATIONS}/push/subscriptions", f"{NOTIFICATIONS}/push/subscriptions")
plain(f"GET {NOTIFICATIONS}/templates", f"{NOTIFICATIONS}/templates")
plain(f"PUT {NOTIFICATIONS}/templates/{{kind}}/{{language}}", f"{NOTIFICATIONS}/templates/notice/en", WORDS)
plain(f"GET {NOTIFICATIONS}/templates/{{kind}}/{{language}}/versions", f"{NOTIFICATIONS}/templates/notice/en/versions")
plain(
    f"POST {NOTIFICATIONS}/templates/{{kind}}/{{language}}/preview",
    f"{NOTIFICATIONS}/templates/notice/en/preview",
    WORDS,
)
plain(f"POST {NOTIFICATIONS}/templates/{{kind}}/test", f"{NOTIFICATIONS}/templates/notice/test", {"channel": "in-app"})
plain(f"POST {NOTIFICATIONS}/callbacks/twilio/{{id}}", f"{NOTIFICATIONS}/callbacks/twilio/{{notification}}")
plain(f"POST {NOTIFICATIONS}/callbacks/sendgrid", f"{NOTIFICATIONS}/callbacks/sendgrid")


@recipe(f"PUT {NOTIFICATIONS}/preferences/{{userId}}")
async def change_notification_preferences(people: People) -> Ask:
    choice = {"channel": "email", "topic": "reviews", "enabled": False}
    return Ask(f"{NOTIFICATIONS}/preferences/{people.things['owner']}", {"preferences": [choice]})


@recipe(f"POST {NOTIFICATIONS}/send")
async def send_notification(people: People) -> Ask:
    return Ask(
        f"{NOTIFICATIONS}/send", {"customerIds": [people.things["owner"]], "title": "Hello", "text": people.mark}
    )


@recipe(f"POST {NOTIFICATIONS}/push/subscriptions")
async def subscribe_to_push(people: People) -> Ask:
    return Ask(f"{NOTIFICATIONS}/push/subscriptions", {"token": fresh_name("device")})


@recipe(f"DELETE {NOTIFICATIONS}/push/subscriptions/{{id}}")
async def unsubscribe_from_push(people: People) -> Ask:
    owner = await people.client("owner")
    device = await owner.post(f"{NOTIFICATIONS}/push/subscriptions", {"token": fresh_name("device")})
    return Ask(f"{NOTIFICATIONS}/push/subscriptions/{device.data['id']}")


# review ---------------------------------------------------------------------------------------------------------------
REVIEWS = f"{API}/reviews"
ONE_REVIEW = f"{REVIEWS}/{{review}}"
ITS_PHOTO = f"{ONE_REVIEW}/photos/{{photo}}"

plain(f"GET {REVIEWS}", REVIEWS)
plain(f"GET {REVIEWS} (of a store)", REVIEWS + OF_STORE)
plain(f"GET {REVIEWS}/{{id}}", ONE_REVIEW)
plain(f"GET {REVIEWS}/{{id}}/moderation", f"{ONE_REVIEW}/moderation")
plain(f"GET {REVIEWS}/{{id}}/photos/{{photoId}}/avif", f"{ITS_PHOTO}/avif")
plain(f"GET {REVIEWS}/{{id}}/photos/{{photoId}}/webp", f"{ITS_PHOTO}/webp")
plain(f"GET {REVIEWS}/product/{{productId}}", f"{REVIEWS}/product/{{product}}")
plain(f"GET {REVIEWS}/product/{{productId}}/summary", f"{REVIEWS}/product/{{product}}/summary")
plain(f"GET {REVIEWS}/store/{{storeId}}", f"{REVIEWS}/store/{{store}}")
plain(f"GET {REVIEWS}/store/{{storeId}}/summary", f"{REVIEWS}/store/{{store}}/summary")
plain(f"GET {REVIEWS}/customer/{{customerId}}", f"{REVIEWS}/customer/{{owner}}")
plain(f"GET {REVIEWS}/order/{{orderId}}", f"{REVIEWS}/order/{{received}}")


@recipe(f"POST {REVIEWS}")
async def review(people: People) -> Ask:
    return Ask(REVIEWS, {"orderId": await people.received(), "productId": people.things["product"], "rating": 4})


@recipe(f"GET {REVIEWS}/{{id}} (shown)")
async def read_shown(people: People) -> Ask:
    return Ask(f"{REVIEWS}/{await people.review()}")


@recipe(f"PUT {REVIEWS}/{{id}}")
@recipe(f"DELETE {REVIEWS}/{{id}}")
async def change_review(people: People) -> Ask:
    return Ask(f"{REVIEWS}/{await people.review(waiting=True)}", {"rating": 1, "text": fresh_name("www.example.")})


@recipe(f"PUT {REVIEWS}/{{id}}/moderation")
async def moderate(people: People) -> Ask:
    return Ask(f"{(await change_review(people)).path}/moderation", {"status": "rejected", "reason": "spam"})


@recipe(f"PUT {REVIEWS}/{{id}}/response")
@recipe(f"DELETE {REVIEWS}/{{id}}/response")
async def respond(people: People) -> Ask:
    path, body = f"{(await change_review(people)).path}/response", {"text": "Thank you!"}
    await people.as_admin("PUT", path.removeprefix(API), body)
    return Ask(path, body)


@recipe(f"POST {REVIEWS}/{{id}}/photos")
async def add_photo(people: People) -> Ask:
    return Ask(f"{(await change_review(people)).path}/photos", PICTURE)


@recipe(f"DELETE {REVIEWS}/{{id}}/photos/{{photoId}}")
async def remove_photo(people: People) -> Ask:
    asked = await add_photo(people)
    added = await people.ask("owner", "POST", asked.path, asked.body)
    return Ask(f"{asked.path}/{added.data['id']}")
