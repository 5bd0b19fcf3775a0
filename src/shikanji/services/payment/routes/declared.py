"""Where the routes of this service are declared."""

from shikanji.kit.web.routes import Routes

routes = Routes("payments")
