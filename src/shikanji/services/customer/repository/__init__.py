"""Every query of the customer service: rows in, objects out."""
