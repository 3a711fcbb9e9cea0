"""The one exception that means: the caller can mend this."""


class UserError(ValueError):
    """Bad input, explained in one line: what is wrong, where, and how to mend it.

    The command line prints the message and exits with status 2; nothing has been written when it is raised.
    """
