"""Errors that a person reads."""


class StackError(Exception):
    """The stack cannot come up. The text says what happened, to what, and what to do."""


class Interrupted(BaseException):
    """Somebody asked the supervisor to stop.

    Not an ``Exception``: code that recovers from errors must not swallow it.
    """
