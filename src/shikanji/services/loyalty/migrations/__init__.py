"""The loyalty database's schema, step by step."""
