"""The HTTP edge of the notification service."""

from shikanji.services.notification.routes import callbacks, choosing, inbox, sending, templates
from shikanji.services.notification.routes.declared import routes

__all__ = ["callbacks", "choosing", "inbox", "routes", "sending", "templates"]
