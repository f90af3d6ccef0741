"""The two ways in which a start or a run ends early."""


class Failure(Exception):
    """It cannot go on. The text is for the person at the terminal."""


class StopAsked(Exception):
    """Ctrl-C, SIGTERM or SIGHUP arrived, or `make` died."""
