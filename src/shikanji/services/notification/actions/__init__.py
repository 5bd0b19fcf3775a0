"""One function per use case: load, decide, save, record. Each runs inside one transaction."""
