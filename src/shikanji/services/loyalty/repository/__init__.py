"""Every query of the loyalty service: rows in, objects out."""
