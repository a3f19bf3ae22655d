"""What the houses are called in reports."""

ROAD = "PyTake"
ONE_OF_EACH = "PyTake, 1 of each"
TWO_OF_EACH = "PyTake, 2 of each"
FIVE_PROCESSES = "PyTake, five processes"
ONE_PROCESS = "PyTake, one process"
CLEAR_TEXT = "PyTake, gRPC in clear text"
ENCRYPTED = "PyTake, gRPC encrypted"


def organizations_name(count: int) -> str:
    """The house with so many organizations."""
    return f"PyTake, {count:,} organization{'' if count == 1 else 's'}"


def conversations_name(count: int) -> str:
    """The house with so many conversations."""
    return f"PyTake, {count:,} conversations"
