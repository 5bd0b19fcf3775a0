"""Every query of the inventory service: rows in, objects out."""
