"""Passwords at rest: argon2id, in a thread, few at a time.

A check is made to cost 19 MiB and about 20 ms of a core; a flood of logins must not take both from the webhooks that
this process serves as well. So few run at once, and who finds too many waiting is told to come again.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from services.chassis.errors import InvalidArgument
from services.ingress.domain.accounts.passwords import check_password, normal_password
from services.ingress.domain.limits import Account, Limit, LimitReached

SALT_BYTES, HASH_BYTES = 16, 32
AT_ONCE = 1
MOST_WAITING = 50
"""Two seconds of work for a core: nobody waits longer for an answer."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """argon2id's parameters; the defaults are the first choice of OWASP's password storage cheat sheet."""

    memory_kib: int = 19 * 1024
    iterations: int = 2
    lanes: int = 1

    @property
    def prefix(self) -> str:
        """How a PHC string of this cost begins."""
        return f"$argon2id$v=19$m={self.memory_kib},t={self.iterations},p={self.lanes}$"


class Passwords:
    """Hashes and checks passwords; every check costs the same, whether there is something to check against or not."""

    def __init__(self, cost: Cost | None = None, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._cost = cost or Cost()
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._waiting = 0
        # Nobody's: what unknown people's passwords are checked against.
        self._nobodys = self._cost.prefix + "$".join(_base64(os.urandom(size)) for size in (SALT_BYTES, HASH_BYTES))

    async def hash(self, password: str) -> str:
        """A PHC string. Raises LimitReached when too many wait, UnicodeEncodeError for what is no text."""
        cost, salt, material = self._cost, os.urandom(SALT_BYTES), normal_password(password).encode()
        function = Argon2id(
            salt=salt, length=HASH_BYTES, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
        )
        return await self._in_turn(lambda: function.derive_phc_encoded(material))

    async def hash_new(self, password: str, *, email: str, field: str = "password") -> str:
        """A PHC string for a password that somebody chose. Raises InvalidArgument, naming `field`, or LimitReached."""
        try:
            return await self.hash(check_password(password, email=email))
        except ValueError as error:
            raise InvalidArgument(f"{field} {error}") from None

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether this is the password; False after the same work when nothing is stored. Raises LimitReached."""
        # Any text may come: a lone surrogate is wrong, and no error.
        material = normal_password(password).encode(errors="surrogatepass")
        is_right = await self._in_turn(lambda: _is_right(material, stored or self._nobodys))
        return is_right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost than new ones are."""
        return not stored.startswith(self._cost.prefix)

    async def _in_turn(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= self._most_waiting:
            raise LimitReached(Account(Limit(self._most_waiting, 1.0), 0, 1.0, 1.0))
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _is_right(material: bytes, stored: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(material, stored)
    except InvalidKey:
        return False
    return True


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()
