"""The one list of this service's routes, to which the modules of this package add."""

from shikanji.kit.web.routes import Routes

routes = Routes("customer")
