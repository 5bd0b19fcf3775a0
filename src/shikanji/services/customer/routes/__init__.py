"""The HTTP edge of the customer service."""

from shikanji.services.customer.routes import accounts, keeping, keys, passwords, sessions, sign_in
from shikanji.services.customer.routes.declared import routes

__all__ = ["accounts", "keeping", "keys", "passwords", "routes", "sessions", "sign_in"]
