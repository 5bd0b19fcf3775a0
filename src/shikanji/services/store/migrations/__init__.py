"""The store database's schema, step by step."""
