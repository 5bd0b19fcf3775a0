"""Analytics: every event kept, and what follows from them in figures."""

from shikanji.kit.service import Service
from shikanji.services.analytics.jobs import jobs
from shikanji.services.analytics.routes import routes
from shikanji.services.analytics.settings import AnalyticsSettings
from shikanji.services.analytics.subscribers import subscribers
from shikanji.services.analytics.tables import metadata

service = Service(
    name="analytics",
    metadata=metadata,
    migrations="shikanji.services.analytics.migrations",
    routes=routes,
    publishes=(),
    subscribers=subscribers,
    jobs=jobs,
    settings=AnalyticsSettings,
)
