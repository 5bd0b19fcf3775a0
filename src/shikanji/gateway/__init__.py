"""The front door of the platform: a thin ASGI app without a database and without a business rule."""
