"""Schema of the sandbox's database, step by step."""
