"""The HTTP edge of a service: shapes in and out, who may ask, idempotency, pages, problems."""
