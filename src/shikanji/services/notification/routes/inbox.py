"""Everybody's inbox. The words are made as it is read: in the reader's language, with what is known by then."""

from shikanji.contracts.customer import AskContacts
from shikanji.contracts.store import AskStores, StoreBrief
from shikanji.kit.errors import Forbidden, Invalid, NotFound, Problem
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_account, require_own
from shikanji.kit.web.pages import decode_cursor, encode_cursor
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.notification import wording
from shikanji.services.notification.actions import reading
from shikanji.services.notification.actions.reading import Shown
from shikanji.services.notification.errors import NotificationNotFound
from shikanji.services.notification.model.words import Language
from shikanji.services.notification.repository import inbox
from shikanji.services.notification.routes.declared import routes
from shikanji.services.notification.schemas import InboxQuery, NotificationView, UnreadView, notification_view
from shikanji.services.notification.wording.facts import facts_of


@routes.get(
    "/api/v1/notifications/user/{userId}",
    query=InboxQuery,
    returns=list[NotificationView],
    page=True,
    who=Who.SIGNED_IN,
    raises=[NotFound, Invalid],
)
async def list_notifications(room: Room, incoming: Incoming[None, InboxQuery]) -> Reply:
    """What somebody was told, newest first: for that person and head office."""
    user_id, query = incoming.path["userId"], incoming.query
    require_account(incoming.principal, user_id)
    key = decode_cursor(query.cursor, str)
    before = None if key is None else key[0]
    found = await room.db.read(reading.inbox_page, user_id, before, query.unread, query.limit + 1)
    views = await _views(room, user_id, found, query.language)
    cursor = encode_cursor(views[query.limit - 1].id) if len(views) > query.limit else None
    return Reply(data=views[: query.limit], page=True, next_cursor=cursor)


@routes.get("/api/v1/notifications/user/{userId}/unread", returns=UnreadView, who=Who.SIGNED_IN, raises=[NotFound])
async def count_unread(room: Room, incoming: Incoming[None, None]) -> UnreadView:
    """How much somebody has not read."""
    require_account(incoming.principal, incoming.path["userId"])
    return UnreadView(unread=await room.db.read(inbox.unread_count, incoming.path["userId"]))


@routes.put(
    "/api/v1/notifications/user/{userId}/read", returns=UnreadView, who=Who.SIGNED_IN, raises=[NotFound, Forbidden]
)
async def mark_all_read(room: Room, incoming: Incoming[None, None]) -> UnreadView:
    """Marks everything as read, in small batches, so that nobody waits for it."""
    require_own(incoming.principal, incoming.path["userId"])
    while await room.db.write(inbox.read_all, incoming.path["userId"]) == inbox.READ_AT_ONCE_MAX:
        pass
    return UnreadView(unread=await room.db.read(inbox.unread_count, incoming.path["userId"]))


@routes.put(
    "/api/v1/notifications/{id}/read", returns=NotificationView, who=Who.SIGNED_IN, raises=[NotificationNotFound]
)
async def mark_read(room: Room, incoming: Incoming[None, None]) -> NotificationView:
    """Marks one's own notification as read; again changes nothing."""
    user_id = incoming.principal.account_id
    found = await room.db.write(reading.mark_read, user_id, incoming.path["id"])
    return (await _views(room, user_id, found, None))[0]


async def _views(room: Room, user_id: str, found: Shown, language: Language | None) -> list[NotificationView]:
    name, own_language = await _reader(room, user_id) if found.notifications else ("", "en")
    stores = await _stores(room, sorted({each.store_id for each in found.notifications if each.store_id is not None}))
    words = wording.chosen(found.written)
    spoken = language or own_language
    return [
        notification_view(
            each,
            wording.render(
                words(spoken, each.kind),
                facts_of(each, found.orders.get(each.order_id or ""), stores.get(each.store_id or ""), name, spoken),
            ),
        )
        for each in found.notifications
    ]


async def _reader(room: Room, user_id: str) -> tuple[str, Language]:
    """Name and language; one can read also while nobody says who one is."""
    try:
        contacts = (await room.calls.ask(AskContacts(account_ids=[user_id]))).contacts
    except Problem:
        return "", "en"
    return (contacts[0].name, contacts[0].language) if contacts else ("", "en")


async def _stores(room: Room, store_ids: list[str]) -> dict[str, StoreBrief]:
    if not store_ids:
        return {}
    try:
        stores = (await room.calls.ask(AskStores(store_ids=store_ids))).stores
    except Problem:
        return {}
    return {each.store_id: each for each in stores}
