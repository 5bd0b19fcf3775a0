"""What providers say of messages later: signed, checked over the raw bytes, and committed before they are answered."""

from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, RateClass, Who
from shikanji.services.notification.actions import sending
from shikanji.services.notification.channels import sendgrid, twilio
from shikanji.services.notification.errors import CallbackRefused, CallbackTooLarge, CallbackUnreadable
from shikanji.services.notification.routes.declared import routes
from shikanji.services.notification.schemas import CallbackTaken
from shikanji.services.notification.settings import NotificationSettings


@routes.post(
    "/api/v1/notifications/callbacks/twilio/{id}",
    returns=CallbackTaken,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raw_body=True,
    raises=[CallbackRefused, CallbackTooLarge, CallbackUnreadable],
)
async def take_twilio_status(room: Room, incoming: Incoming[None, None]) -> CallbackTaken:
    """What became of an SMS, as Twilio says."""
    settings, raw = _with_room_for(room, incoming)
    url = f"{room.public_url}{twilio.CALLBACK_PATH}{incoming.path['id']}"
    if settings.twilio_token is None or not twilio.is_signed(settings.twilio_token, url, incoming.headers, raw):
        raise CallbackRefused
    try:
        report = twilio.read_status(incoming.path["id"], raw)
    except ValueError as unreadable:
        raise CallbackUnreadable(str(unreadable)) from None
    if report is not None:
        await room.db.write(sending.hear, [report])
    return CallbackTaken(received=True)


@routes.post(
    "/api/v1/notifications/callbacks/sendgrid",
    returns=CallbackTaken,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raw_body=True,
    raises=[CallbackRefused, CallbackTooLarge, CallbackUnreadable],
)
async def take_sendgrid_events(room: Room, incoming: Incoming[None, None]) -> CallbackTaken:
    """What became of mails, as SendGrid says."""
    settings, raw = _with_room_for(room, incoming)
    key, tolerance = settings.sendgrid_callback_key, settings.callback_tolerance_seconds
    if key is None or not sendgrid.is_signed(
        key, incoming.headers, raw, now=room.clock.now(), tolerance_seconds=tolerance
    ):
        raise CallbackRefused
    try:
        reports = sendgrid.read_events(raw)
    except (ValueError, RecursionError) as unreadable:
        raise CallbackUnreadable(str(unreadable)) from None
    if reports:
        await room.db.write(sending.hear, reports)
    return CallbackTaken(received=True)


def _with_room_for(room: Room, incoming: Incoming[None, None]) -> tuple[NotificationSettings, bytes]:
    settings = room.settings(NotificationSettings)
    if len(incoming.raw) > settings.callback_bytes_max:
        raise CallbackTooLarge
    return settings, incoming.raw
