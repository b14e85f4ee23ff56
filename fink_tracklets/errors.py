"""The errors a user can cause or meet, each one clear sentence with an exit code.

The command line prints the sentence and exits with ``exit_code``; anything else that
escapes is a bug and keeps its traceback (exit code 1).
"""


class UserError(Exception):
    """Wrong use or bad input: the sentence says what, where, and what to do."""

    exit_code = 2


class ServiceError(UserError):
    """A service (file system, HBase, Spark) was not reachable or failed."""

    exit_code = 3
