"""The use cases of the customer service: load, decide, save, record events; each runs inside one transaction."""

from shikanji.services.customer.actions.accounts import create_account, set_admin, set_disabled

__all__ = ["create_account", "set_admin", "set_disabled"]
