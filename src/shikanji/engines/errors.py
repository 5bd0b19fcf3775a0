"""What keeps an engine from running, in words for whoever started it."""

from shikanji.kit.errors import OperatorError


class EngineMissing(OperatorError):
    """The program is not installed, or nobody may run it here."""


class EngineFailed(OperatorError):
    """It did not start, did not answer, or does not stop; the text has the last lines of its log."""
