"""The shapes of the analytics service's HTTP edge."""
