"""Choose TCP ports on the loopback interface.

A free port is looked for below 32768: above that the kernel hands ports out to outgoing connections,
which could take one away between the choice and its use, or while a killed service is restarted.
"""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Claim:
    """A port that no other house of this user chooses; it ends with `release`, or with this process."""

    port: int
    descriptor: int

    def release(self) -> None:
        """Let others have the port."""
        _claim_file(self.port).unlink(missing_ok=True)
        os.close(self.descriptor)


def claim_port(*preferred: int, taken: set[int]) -> Claim:
    """Choose a port as choose_port does and claim it: a service needs seconds until it listens there.

    Without the claim two houses that start together would both find the same favourite free.
    """
    while True:
        port = choose_port(*preferred, taken=taken)
        if claim := claim_exactly(port):
            return claim


def claim_exactly(port: int) -> Claim | None:
    """Claim this port; None when it is in use or another house has it."""
    descriptor = os.open(_claim_file(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    claim = Claim(port, descriptor)
    if is_free(port):
        return claim
    claim.release()
    return None


def _claim_file(port: int) -> Path:
    return Path(tempfile.gettempdir(), f"pytake-{os.getuid()}-port-{port}.lock")
