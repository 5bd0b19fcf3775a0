"""What the platform says about itself: logs, metrics, traces. None of it carries secrets or contact data."""
