"""Choose TCP ports on the loopback interface.

A free port is looked for below 32768: above that the kernel hands ports out to outgoing connections,
which could take one away between the choice and its use, or while a killed service is restarted.
"""

import random
import socket
from collections.abc import Iterable, Iterator

from services.embedded.errors import HouseError

LOOPBACK = "127.0.0.1"
LOWEST_PORT = 10_000
HIGHEST_PORT = 32_767
ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Say whether nothing listens on this loopback port (a port in TIME_WAIT is free)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def candidates(preferred: Iterable[int | None], generator: random.Random) -> Iterator[int]:
    """Yield the preferred ports in their order, then random ones, so that two houses rarely meet."""
    yield from (port for port in preferred if port)
    for _ in range(ATTEMPTS):
        yield generator.randint(LOWEST_PORT, HIGHEST_PORT)


def choose_port(*preferred: int | None, taken: set[int] | None = None) -> int:
    """Return the first preferred port that is free, else a random free one; note it in `taken`."""
    avoided = taken if taken is not None else set()
    for port in candidates(preferred, random.SystemRandom()):
        if port not in avoided and is_free(port):
            avoided.add(port)
            return port
    raise HouseError(f"found no free port between {LOWEST_PORT} and {HIGHEST_PORT} on this machine")
