"""How a check says that it cannot be put to a model."""


class NotApplicableError(Exception):
    """The model lacks what a check needs, or the check does not reach this far; the message says which.

    No error of the user's: the engine reports the check as skipped, with the message as the reason.
    """
