"""Loyalty: points, tiers, campaigns, and what comes off an order."""

from shikanji.contracts.loyalty import CampaignApplied, PointsEarned, PointsRedeemed, TierUpgraded
from shikanji.kit.service import Service
from shikanji.services.loyalty.answers import answers
from shikanji.services.loyalty.jobs import jobs
from shikanji.services.loyalty.routes import routes
from shikanji.services.loyalty.settings import LoyaltySettings
from shikanji.services.loyalty.subscribers import subscribers
from shikanji.services.loyalty.tables import metadata

service = Service(
    name="loyalty",
    metadata=metadata,
    migrations="shikanji.services.loyalty.migrations",
    routes=routes,
    publishes=(PointsEarned, PointsRedeemed, TierUpgraded, CampaignApplied),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=LoyaltySettings,
)
