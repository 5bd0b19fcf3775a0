"""Why the loyalty service refuses."""

from shikanji.kit.errors import Conflict, Invalid, NotFound, TooManyRequests


class MemberNotFound(NotFound):
    type, title = "customer-not-found", "No such customer"


class CampaignNotFound(NotFound):
    type, title = "campaign-not-found", "No such campaign"


class CodeTaken(Conflict):
    type, title = "code-taken", "Another campaign has this code"


class LimitBelowUse(Conflict):
    type, title = "limit-below-use", "It was used more often already"


class InsufficientPoints(Conflict):
    type, title = "insufficient-points", "Not enough points"


class TooManyPoints(Invalid):
    type, title = "too-many-points", "More points than this order can take"


class BenefitsGone(Conflict):
    """The benefits of this order were given back before they were asked for."""

    type, title = "benefits-released", "The benefits were given back already"


class CouponUnknown(Invalid):
    type, title = "coupon-unknown", "No such coupon"


class CouponNotYet(Invalid):
    type, title = "coupon-not-yet", "The coupon does not count yet"


class CouponOver(Invalid):
    type, title = "coupon-over", "The coupon does not count any more"


class CouponElsewhere(Invalid):
    type, title = "coupon-other-store", "The coupon does not count in this store"


class CouponNotForYou(Invalid):
    type, title = "coupon-not-for-you", "The coupon is for other customers"


class CouponBelowMinimum(Invalid):
    type, title = "coupon-below-minimum", "The order is too small for the coupon"


class CouponNotForThis(Invalid):
    type, title = "coupon-not-for-this", "Nothing in the order has the coupon's discount"


class CouponUsedUp(Conflict):
    type, title = "coupon-used-up", "The coupon was used as often as it can be"


class CouponUsedByYou(Conflict):
    type, title = "coupon-used-by-you", "You have used the coupon as often as you can"


class CouponOwn(Invalid):
    type, title = "coupon-own", "Your own code is for others"


class CouponNewOnly(Invalid):
    type, title = "coupon-new-customers", "The code is for a first order"


class TooManyGuesses(TooManyRequests):
    type, title = "too-many-coupon-guesses", "Too many unknown coupons"


COUPON_REFUSALS = (
    CouponUnknown,
    CouponNotYet,
    CouponOver,
    CouponElsewhere,
    CouponNotForYou,
    CouponBelowMinimum,
    CouponNotForThis,
    CouponUsedUp,
    CouponUsedByYou,
    CouponOwn,
    CouponNewOnly,
)
