"""The one error of the one-command run."""


class HouseError(Exception):
    """The house cannot start or go on; the message is a sentence that names the mend."""
