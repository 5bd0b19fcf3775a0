"""Review: what customers say of what they received, and the ratings that follow from it."""

from shikanji.contracts.review import RatingUpdated, ReviewSubmitted
from shikanji.kit.service import Service
from shikanji.services.review.jobs import jobs
from shikanji.services.review.routes import routes
from shikanji.services.review.settings import ReviewSettings
from shikanji.services.review.subscribers import subscribers
from shikanji.services.review.tables import metadata

service = Service(
    name="review",
    metadata=metadata,
    migrations="shikanji.services.review.migrations",
    routes=routes,
    publishes=(ReviewSubmitted, RatingUpdated),
    subscribers=subscribers,
    jobs=jobs,
    settings=ReviewSettings,
)
