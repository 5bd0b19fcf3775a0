"""Every query of the review service."""
