"""The audit: every invariant as one SQL statement over all databases, whose rows are the violations."""
