"""The notification database's schema, step by step."""
