"""Which messages somebody wants, and on which devices."""

from shikanji.kit.errors import Forbidden, Invalid, NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_account, require_own
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.notification.actions import choosing
from shikanji.services.notification.actions.choosing import Choice
from shikanji.services.notification.channels.webpush import is_point, is_push_service, is_secret, public_key
from shikanji.services.notification.errors import (
    CannotDecline,
    PushAddressRefused,
    SubscriptionNotFound,
    TooManyDevices,
)
from shikanji.services.notification.repository import choices
from shikanji.services.notification.repository.choices import Device
from shikanji.services.notification.routes.declared import routes
from shikanji.services.notification.schemas import (
    DeviceView,
    PreferencesIn,
    PreferencesView,
    PushKeyView,
    SubscribeIn,
    device_view,
    preferences_view,
)
from shikanji.services.notification.settings import NotificationSettings


@routes.get("/api/v1/notifications/preferences/{userId}", returns=PreferencesView, who=Who.SIGNED_IN, raises=[NotFound])
async def read_preferences(room: Room, incoming: Incoming[None, None]) -> PreferencesView:
    """Which messages somebody gets, by way and topic."""
    require_account(incoming.principal, incoming.path["userId"])
    return preferences_view(await room.db.read(choosing.preferences, incoming.path["userId"]))


@routes.put(
    "/api/v1/notifications/preferences/{userId}",
    body=PreferencesIn,
    returns=PreferencesView,
    who=Who.SIGNED_IN,
    raises=[NotFound, Forbidden, CannotDecline, Invalid],
)
async def change_preferences(room: Room, incoming: Incoming[PreferencesIn, None]) -> PreferencesView:
    """Switches messages on and off: one's own. What happens to one's orders always stands in the app."""
    require_own(incoming.principal, incoming.path["userId"])
    wanted = [
        Choice(channel=each.channel, topic=each.topic, enabled=each.enabled) for each in incoming.body.preferences
    ]
    return preferences_view(await room.db.write(choosing.choose, incoming.path["userId"], wanted))


@routes.get("/api/v1/notifications/push/key", returns=PushKeyView, who=Who.ANYONE)
async def read_push_key(room: Room, incoming: Incoming[None, None]) -> PushKeyView:
    """The key with which browsers subscribe to push messages."""
    private_key = room.settings(NotificationSettings).vapid_private_key
    return PushKeyView(key=None if private_key is None else public_key(private_key))


@routes.get("/api/v1/notifications/push/subscriptions", returns=list[DeviceView], who=Who.SIGNED_IN)
async def list_devices(room: Room, incoming: Incoming[None, None]) -> list[DeviceView]:
    """One's devices that get push messages."""
    found = await room.db.read(choices.devices, [incoming.principal.account_id])
    return [device_view(device) for device in found]


@routes.post(
    "/api/v1/notifications/push/subscriptions",
    body=SubscribeIn,
    returns=DeviceView,
    status=201,
    who=Who.SIGNED_IN,
    raises=[PushAddressRefused, TooManyDevices, Invalid],
)
async def subscribe(room: Room, incoming: Incoming[SubscribeIn, None]) -> DeviceView:
    """Sends push messages to this device, too. The same device again changes nothing."""
    settings = room.settings(NotificationSettings)
    device = _device(incoming.body, settings, incoming.principal.account_id, room.ids.new(), room.clock.now())
    return device_view(await room.db.write(choosing.keep_device, device, settings.devices_max))


@routes.delete(
    "/api/v1/notifications/push/subscriptions/{id}", status=204, who=Who.SIGNED_IN, raises=[SubscriptionNotFound]
)
async def unsubscribe(room: Room, incoming: Incoming[None, None]) -> Reply:
    """No push messages to this device any more."""
    await room.db.write(choosing.forget_device, incoming.principal.account_id, incoming.path["id"])
    return Reply()


def _device(body: SubscribeIn, settings: NotificationSettings, account_id: str, id: str, at: int) -> Device:
    if body.token is not None and body.endpoint is None:
        return Device(account_id, id, "fcm", body.token, "", "", at)
    if body.endpoint is None or body.p256dh is None or body.auth is None or body.token is not None:
        raise Invalid.field("endpoint", "comes with p256dh and auth, or else token alone")
    if not is_push_service(body.endpoint, settings.push_hosts):
        raise PushAddressRefused.field("endpoint", "is no push service that is known here")
    if not is_point(body.p256dh):
        raise Invalid.field("p256dh", "is no public key of a browser")
    if not is_secret(body.auth):
        raise Invalid.field("auth", "is no secret of a browser")
    return Device(account_id, id, "webpush", body.endpoint, body.p256dh, body.auth, at)
