"""What every layer raises when its input is at fault."""


class CatgradError(ValueError):
    """One clear sentence about bad input: what was found, what was expected, where, and what to do.

    Every error that a user of catgrad can cause is of this class, so that the command line can
    print the sentence and exit with a non-zero status, without a traceback.
    """
