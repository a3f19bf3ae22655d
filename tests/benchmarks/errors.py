"""Why a benchmark ends without a figure."""


class Void(Exception):
    """The run gave nothing that may be reported: a reply is missing, wrong or one too many; the sentence says which."""
