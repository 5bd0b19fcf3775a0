"""Campaigns and their codes."""

from shikanji.contracts.inventory import AskProductNames
from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_admin
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.loyalty.actions import campaigns
from shikanji.services.loyalty.actions.campaigns import Question
from shikanji.services.loyalty.errors import (
    CampaignNotFound,
    CodeTaken,
    CouponUnknown,
    LimitBelowUse,
    TooManyGuesses,
)
from shikanji.services.loyalty.model.campaign import Campaign
from shikanji.services.loyalty.repository import campaigns as kept
from shikanji.services.loyalty.routes.declared import routes
from shikanji.services.loyalty.schemas import (
    CampaignDefinition,
    CampaignIn,
    CampaignView,
    CouponVerdict,
    FindCampaigns,
    ValidateCoupon,
    campaign_view,
    definition_view,
    draft_of,
    verdict_view,
)


@routes.get(
    "/api/v1/campaigns",
    query=FindCampaigns,
    returns=list[CampaignView],
    page=True,
    who=Who.ANYONE,
    raises=[Forbidden, Invalid],
)
async def list_campaigns(room: Room, incoming: Incoming[None, FindCampaigns]) -> Reply:
    """Campaigns, newest first: those in force that are shown to customers; `all` for head office."""
    query = incoming.query
    if query.all:
        require_admin(incoming.principal)
    key = decode_cursor(query.cursor, str)
    found = await room.db.read(
        kept.listed,
        everything=query.all,
        before=None if key is None else key[0],
        limit=query.limit + 1,
        at=room.clock.now(),
    )
    return page(found, query.limit, key=lambda campaign: (campaign.id,), view=campaign_view)


@routes.post(
    "/api/v1/campaigns",
    body=CampaignIn,
    returns=CampaignDefinition,
    status=201,
    who=Who.ADMIN,
    editable=True,
    raises=[CodeTaken, Invalid],
)
async def create_campaign(room: Room, incoming: Incoming[CampaignIn, None]) -> Reply:
    """Starts a campaign."""
    return _shown(await room.db.write(campaigns.create_campaign, draft_of(incoming.body)))


@routes.get(
    "/api/v1/campaigns/{id}", returns=CampaignDefinition, who=Who.ADMIN, editable=True, raises=[CampaignNotFound]
)
async def get_campaign(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One campaign as it is written, and how often it was used."""
    return _shown(await room.db.read(kept.find, incoming.path["id"]))


@routes.put(
    "/api/v1/campaigns/{id}",
    body=CampaignIn,
    returns=CampaignDefinition,
    who=Who.ADMIN,
    editable=True,
    raises=[CampaignNotFound, CodeTaken, LimitBelowUse, Invalid, PreconditionFailed],
)
async def update_campaign(room: Room, incoming: Incoming[CampaignIn, None]) -> Reply:
    """Writes a campaign anew. What orders have of it already stays."""
    draft = draft_of(incoming.body)
    return _shown(await room.db.write(campaigns.update_campaign, incoming.path["id"], draft, incoming.if_match))


@routes.get(
    "/api/v1/campaigns/{code:text}/validate",
    query=ValidateCoupon,
    returns=CouponVerdict,
    who=Who.SIGNED_IN,
    raises=[CouponUnknown, TooManyGuesses, Invalid],
)
async def validate_coupon(room: Room, incoming: Incoming[None, ValidateCoupon]) -> CouponVerdict:
    """Whether a code counts for the caller and the cart, and if not, why."""
    query = incoming.query
    asked = Question(
        code=incoming.path["code"].upper(),
        customer_id=incoming.principal.account_id,
        store_id=query.store_id,
        categories=await _categories(room, query.product_ids),
        subtotal=query.subtotal,
    )
    verdict = await room.db.write(campaigns.judge, asked, limited=room.rate_limits)
    if verdict is None:
        raise CouponUnknown
    return verdict_view(verdict)


async def _categories(room: Room, product_ids: list[str]) -> dict[str, str]:
    """By product; one that is not on the card is in none."""
    if not product_ids:
        return {}
    found = await room.calls.ask(AskProductNames(product_ids=product_ids))
    return dict.fromkeys(product_ids, "") | {each.product_id: each.category_id for each in found.products}


def _shown(campaign: Campaign) -> Reply:
    return Reply(data=definition_view(campaign), etag=etag(campaign.version))
