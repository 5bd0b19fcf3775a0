"""Every query of the notification service: rows in, objects out."""
