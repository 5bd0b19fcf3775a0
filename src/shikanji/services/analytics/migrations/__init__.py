"""The schema of the analytics service's database."""
