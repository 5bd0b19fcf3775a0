"""The ways to somebody, as the settings choose them."""

from shikanji.kit.service import Room
from shikanji.services.notification.channels.fcm import Fcm
from shikanji.services.notification.channels.messages import OwnWay
from shikanji.services.notification.channels.port import Channel
from shikanji.services.notification.channels.sendgrid import SendGrid
from shikanji.services.notification.channels.twilio import Twilio
from shikanji.services.notification.channels.webpush import WebPush
from shikanji.services.notification.settings import NotificationSettings


def mail(room: Room) -> Channel:
    settings = room.settings(NotificationSettings)
    if settings.sendgrid_key is None:
        return OwnWay(room.messages, "email")
    return SendGrid(
        room.http,
        url=settings.sendgrid_url,
        key=settings.sendgrid_key,
        sender=room.messages.sender,
        seconds=settings.timeout_seconds,
    )


def sms(room: Room) -> Channel:
    settings = room.settings(NotificationSettings)
    if settings.twilio_account is None or settings.twilio_token is None or settings.twilio_sender is None:
        return OwnWay(room.messages, "sms")
    return Twilio(
        room.http,
        url=settings.twilio_url,
        account=settings.twilio_account,
        token=settings.twilio_token,
        sender=settings.twilio_sender,
        public_url=room.public_url,
        seconds=settings.timeout_seconds,
    )


def push(room: Room) -> dict[str, Channel]:
    """By what a device is registered with."""
    return {"webpush": _webpush(room), "fcm": _fcm(room)}


def _webpush(room: Room) -> Channel:
    settings = room.settings(NotificationSettings)
    if settings.vapid_private_key is None:
        return OwnWay(room.messages, "push")
    return WebPush(
        room.http,
        private_key=settings.vapid_private_key,
        contact=settings.vapid_contact,
        clock=room.clock,
        seconds=settings.timeout_seconds,
    )


def _fcm(room: Room) -> Channel:
    settings = room.settings(NotificationSettings)
    if settings.fcm_project is None or settings.fcm_client_email is None or settings.fcm_private_key is None:
        return OwnWay(room.messages, "push")
    return Fcm(
        room.http,
        url=settings.fcm_url,
        token_url=settings.fcm_token_url,
        project=settings.fcm_project,
        client_email=settings.fcm_client_email,
        private_key=settings.fcm_private_key,
        clock=room.clock,
        seconds=settings.timeout_seconds,
    )
