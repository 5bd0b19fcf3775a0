"""Why the notification service refuses, and what its channels say."""

from shikanji.kit.errors import BadRequest, Conflict, Invalid, NotFound, TooLarge, Unauthorized


class NotificationNotFound(NotFound):
    type, title = "notification-not-found", "No such notification"


class TemplateNotFound(NotFound):
    type, title = "template-not-found", "No such template"


class SubscriptionNotFound(NotFound):
    type, title = "push-subscription-not-found", "No such device"


class CannotDecline(Invalid):
    type, title = "cannot-be-declined", "This cannot be switched off"


class TemplateUnfit(Invalid):
    type, title = "template-unfit", "These words cannot be used"


class PushAddressRefused(Invalid):
    type, title = "push-address-refused", "Not the address of a push service"


class TooManyDevices(Conflict):
    type, title = "too-many-devices", "Too many devices"


class CallbackRefused(Unauthorized):
    type, title = "callback-refused", "The callback is not signed as the provider signs"


class CallbackUnreadable(BadRequest):
    type, title = "callback-unreadable", "The callback cannot be read"


class CallbackTooLarge(TooLarge):
    type, title = "callback-too-large", "The callback is too large"


class Refused(Exception):
    """A definite no that will not change: it was not sent, and never will be."""


class Gone(Exception):
    """Nobody is at this push address any more."""


class TryLater(Exception):
    """It was not taken this time; `seconds`: when to come again, where the provider said so."""

    def __init__(self, reason: str, seconds: int | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class OutcomeUnknown(Exception):
    """No answer, or one that says nothing: it may have been sent or not."""
