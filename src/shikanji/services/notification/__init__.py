"""Notification: who is told what, on which way, in which words, and what became of it."""

from shikanji.contracts.notification import NotificationFailed, NotificationSent
from shikanji.kit.service import Service
from shikanji.services.notification.answers import answers
from shikanji.services.notification.jobs import jobs
from shikanji.services.notification.routes import routes
from shikanji.services.notification.settings import NotificationSettings
from shikanji.services.notification.subscribers import subscribers
from shikanji.services.notification.tables import metadata

service = Service(
    name="notification",
    metadata=metadata,
    migrations="shikanji.services.notification.migrations",
    routes=routes,
    publishes=(NotificationSent, NotificationFailed),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=NotificationSettings,
)
