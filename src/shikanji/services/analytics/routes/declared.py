"""Where every route of the analytics service is declared."""

from shikanji.kit.web.routes import Routes

routes = Routes("analytics")
