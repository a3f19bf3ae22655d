"""How a call ends that gives no answer. Both texts are for the author of the flow."""


class Forbidden(Exception):
    """The call may not be made as it is, now or later: nothing was sent."""


class NoAnswer(Exception):
    """No whole answer came in time, or one that is not taken: whether the call had an effect is unknown."""
