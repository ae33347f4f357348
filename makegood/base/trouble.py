"""The ground is not fit to stand on: no database, no disk, no port, no keys."""


class CannotRun(Exception):
    """Nothing is wrong with the request or the program; its surroundings must be put right.

    The text is one line for a person at a terminal: what is wrong and what to do.
    """


class OutsideFailed(Exception):
    """Somebody outside did not do what was asked of them; trying again may help.

    The text says what happened in words that hold no personal data, fit for logs and lists.
    """
