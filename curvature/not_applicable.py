"""How a check or a result says that a model lacks what it needs."""


class NotApplicableError(Exception):
    """The model lacks what is needed, or a check does not reach this far; the message says which.

    No error of the user's: a check is reported as skipped, a result as missing, with the message as the reason.
    """
