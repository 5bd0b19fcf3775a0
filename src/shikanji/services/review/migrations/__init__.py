"""The review database's schema, step by step."""
