"""What is done with events and figures."""
