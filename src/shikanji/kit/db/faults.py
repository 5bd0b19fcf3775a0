"""What can go wrong with a unit of work, said the same way for both databases."""

from shikanji.kit.errors import Conflict, Unavailable


class StorageFault(Unavailable):
    """The database could not do its work just now; the same unit may succeed later. `why` is for logs: in the
    database's words it names tables and hosts, which are no business of whoever asked."""

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self.args = (why or self.title,)


class TransactionOver(StorageFault):
    """The whole transaction ended by an error (disk full, connection lost), not just a statement of it."""


class TransactionConflict(StorageFault):
    """Lost against another transaction (PostgreSQL 40001, 40P01): run it again from its start."""


class TooSlow(StorageFault):
    """A statement took longer than any may (PostgreSQL 57014); inside a savepoint, only what was in it is undone."""


class LockTimeout(StorageFault):
    """Another transaction has kept a row for too long (PostgreSQL 55P03): later it may be free."""


class OutOfGroup(StorageFault):
    """What a unit met would hold up all that share its transaction (a lock, a slow statement, a deadlock): it is
    undone, and run again by itself. Nobody but the writer is to catch it."""

    def __init__(self, why: StorageFault) -> None:
        super().__init__(str(why))
        self.slow = isinstance(why, TooSlow)


class ErrorSwallowed(RuntimeError):
    """A unit went on after an error of the database without a savepoint around it: PostgreSQL has undone it all. It is
    a fault of our code, which SQLite would not show."""


class ConstraintViolated(Exception):
    """A unique, foreign key, check or not-null constraint of the database refused the row. Inside PostgreSQL only
    `tx.savepoint()` makes it possible to go on after it."""


class LeaseLost(Conflict):
    """Another worker has taken the job over: nothing of this transaction may be kept."""

    type, title = "lease-lost", "Another worker has taken this over"


class Unfit(Exception):
    """A database that cannot be worked on as it is: says what is wrong with it, and what to do next."""
