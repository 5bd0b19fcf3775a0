"""What the payment service does: one function per use case, each run inside one transaction."""
