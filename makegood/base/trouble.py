"""The ground is not fit to stand on: no database, no disk, no port, no keys."""


class CannotRun(Exception):
    """Nothing is wrong with the request or the program; its surroundings must be put right.

    The text is one line for a person at a terminal: what is wrong and what to do.
    """
