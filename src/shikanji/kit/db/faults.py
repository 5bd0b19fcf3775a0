"""What can go wrong with a unit of work, said the same way for both databases."""

from shikanji.kit.errors import Conflict, Unavailable


class StorageFault(Unavailable):
    """The database could not do its work just now; the same unit may succeed later."""


class TransactionOver(StorageFault):
    """The whole transaction ended by an error (disk full, connection lost), not just a statement of it."""


class TransactionConflict(StorageFault):
    """Lost against another transaction (PostgreSQL 40001, 40P01): run it again from its start."""


class ConstraintViolated(Exception):
    """A unique, foreign key, check or not-null constraint of the database refused the row. Inside PostgreSQL only
    `tx.savepoint()` makes it possible to go on after it."""


class LeaseLost(Conflict):
    """Another worker has taken the job over: nothing of this transaction may be kept."""

    type, title = "lease-lost", "Another worker has taken this over"
