"""Why the analytics service refuses."""

from shikanji.kit.errors import Invalid, NotFound


class StoreNotFound(NotFound):
    type, title = "store-not-found", "No such store"


class OneStore(Invalid):
    type, title = "one-store", "Of one store at a time"


class RangeTooLong(Invalid):
    type, title = "range-too-long", "More than one report can show"
