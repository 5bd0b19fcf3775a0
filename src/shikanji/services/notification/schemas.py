"""The shapes of the notification service's HTTP edge."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.notification.actions.choosing import Choice
from shikanji.services.notification.model.kinds import KINDS, Topic, may_decline
from shikanji.services.notification.model.messages import Delivery, DeliveryState, Notification
from shikanji.services.notification.model.words import Body, Language, Sms, Title, Words
from shikanji.services.notification.repository.choices import Device, WrittenWords
from shikanji.services.notification.wording import Rendered, dlt_text

_PLAIN = {"pattern": "more than blanks"}
Headline = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", extra=_PLAIN)]
Text = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S", extra=_PLAIN)]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,120}=*$", extra={"form": "base64url"})]
PushAddress = Annotated[str, Meta(min_length=1, max_length=2_048, pattern=r"^[!-~]+$", extra={"form": "no blanks"})]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class InboxQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`unread`: only what was not read. `language`: other than the customer's own."""

    unread: bool = False
    language: Language | None = None


class NotificationView(Out, frozen=True, kw_only=True):
    id: str
    kind: str
    topic: Topic
    title: str
    body: str
    order_id: str | None
    store_id: str | None
    created_at: str
    read_at: str | None


class UnreadView(Out, frozen=True, kw_only=True):
    """`unread`: up to 100; 100 means as many or more."""

    unread: int


class ChoiceView(Out, frozen=True, kw_only=True):
    """`locked`: cannot be switched off."""

    channel: MessageChannel
    topic: Topic
    enabled: bool
    locked: bool


class PreferencesView(Out, frozen=True, kw_only=True):
    """Advertising is sent only with the consent that stands in the customer's profile, whatever is enabled here."""

    preferences: list[ChoiceView]


class ChoiceIn(In, frozen=True, kw_only=True):
    channel: MessageChannel
    topic: Topic
    enabled: bool


class PreferencesIn(In, frozen=True, kw_only=True):
    """What is not named stays as it is."""

    preferences: Annotated[list[ChoiceIn], Meta(min_length=1, max_length=28)]


class SendIn(In, frozen=True, kw_only=True):
    """`announcement` is advertising: sent only with consent, and not at night. `titleHi` and `textHi`, which come
    together: for whoever reads Hindi. Without `channels`: all of the kind."""

    customer_ids: Annotated[list[Id], Meta(min_length=1, max_length=500)]
    kind: Literal["notice", "announcement"] = "notice"
    title: Headline
    text: Text
    title_hi: Headline | None = None
    text_hi: Text | None = None
    channels: Annotated[list[MessageChannel], Meta(min_length=1, max_length=4)] | None = None


class AcceptedView(Out, frozen=True, kw_only=True):
    """`customers`: to how many it goes, as far as they can be reached and want it."""

    id: str
    customers: int


class SubscribeIn(In, frozen=True, kw_only=True):
    """A browser's push subscription (`endpoint`, `p256dh`, `auth`), or an app's FCM registration (`token`)."""

    endpoint: PushAddress | None = None
    p256dh: Key | None = None
    auth: Key | None = None
    token: PushAddress | None = None


class DeviceView(Out, frozen=True, kw_only=True):
    id: str
    provider: str
    created_at: str


class PushKeyView(Out, frozen=True, kw_only=True):
    """`key`: the server's public key for `pushManager.subscribe`; null: browsers cannot subscribe here."""

    key: str | None


class LogQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`state`: only what waits, or what failed."""

    customer_id: Id | None = None
    state: Literal["waiting", "failed"] | None = None


class DeliveryView(Out, frozen=True, kw_only=True):
    """`unknowns`: attempts of which nobody knows whether they arrived. `recipient` is masked."""

    id: str
    notification_id: str
    customer_id: str | None
    kind: str
    channel: MessageChannel
    state: DeliveryState
    attempts: int
    unknowns: int
    recipient: str | None
    provider: str | None
    provider_id: str | None
    error: str | None
    created_at: str
    ended_at: str | None


class TemplateView(Out, frozen=True, kw_only=True):
    """`version` 0: the platform's own words. `dltText`: how its SMS is to be registered."""

    kind: str
    language: Language
    topic: Topic
    channels: list[MessageChannel]
    version: int
    title: str
    body: str
    sms: str | None
    dlt_text: str | None
    dlt_template_id: str | None


class WordsIn(In, frozen=True, kw_only=True):
    """Names of facts in double braces, and `if`."""

    title: Title
    body: Body
    sms: Sms | None = None

    def to_words(self) -> Words:
        return Words(title=self.title, body=self.body, sms=self.sms)


class VersionView(Out, frozen=True, kw_only=True):
    version: int
    title: str
    body: str
    sms: str | None
    by: str
    at: str


class PreviewView(Out, frozen=True, kw_only=True):
    """With sample facts."""

    title: str
    text: str
    sms: str | None
    html: str


class TestIn(In, frozen=True, kw_only=True):
    channel: MessageChannel


class CallbackTaken(Out, frozen=True, kw_only=True):
    received: bool


def notification_view(about: Notification, rendered: Rendered) -> NotificationView:
    return NotificationView(
        id=about.id,
        kind=about.kind,
        topic=KINDS[about.kind].topic,
        title=rendered.title,
        body=rendered.text,
        order_id=about.order_id,
        store_id=about.store_id,
        created_at=to_rfc3339(about.created_at),
        read_at=None if about.read_at is None else to_rfc3339(about.read_at),
    )


def preferences_view(found: list[Choice]) -> PreferencesView:
    return PreferencesView(
        preferences=[
            ChoiceView(
                channel=each.channel,
                topic=each.topic,
                enabled=each.enabled,
                locked=not may_decline(each.channel, each.topic),
            )
            for each in found
        ]
    )


def device_view(device: Device) -> DeviceView:
    return DeviceView(id=device.id, provider=device.provider, created_at=to_rfc3339(device.created_at))


def delivery_view(about: Delivery) -> DeliveryView:
    return DeliveryView(
        id=about.id,
        notification_id=about.notification_id,
        customer_id=about.customer_id or None,
        kind=about.kind,
        channel=about.channel,
        state=about.state,
        attempts=about.attempts,
        unknowns=about.unknowns,
        recipient=about.recipient,
        provider=about.provider,
        provider_id=about.provider_id,
        error=about.error,
        created_at=to_rfc3339(about.created_at),
        ended_at=None if about.ended_at is None else to_rfc3339(about.ended_at),
    )


def template_view(
    kind: str, language: Language, words: Words, version: int, dlt_template_id: str | None
) -> TemplateView:
    return TemplateView(
        kind=kind,
        language=language,
        topic=KINDS[kind].topic,
        channels=list(KINDS[kind].channels),
        version=version,
        title=words.title,
        body=words.body,
        sms=words.sms,
        dlt_text=None if words.sms is None else dlt_text(words.sms),
        dlt_template_id=dlt_template_id,
    )


def version_view(written: WrittenWords) -> VersionView:
    return VersionView(
        version=written.version,
        title=written.title,
        body=written.body,
        sms=written.sms,
        by=written.by,
        at=to_rfc3339(written.at),
    )
