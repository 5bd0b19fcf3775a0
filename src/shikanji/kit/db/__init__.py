"""Units of work on SQLite and PostgreSQL: the same functions, the same guarantees."""
