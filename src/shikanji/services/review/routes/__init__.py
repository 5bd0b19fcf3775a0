"""The HTTP edge of the review service."""

from shikanji.services.review.routes import lists, moderation, photos, reviews
from shikanji.services.review.routes.declared import routes

__all__ = ["lists", "moderation", "photos", "reviews", "routes"]
