"""The customer database's schema, step by step."""
