"""Schema of the payment service's database, step by step."""
