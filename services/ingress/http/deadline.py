"""A deadline that costs nothing for what is ready at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class ready_by(Generic[Result]):  # noqa: N801  # read as a verb: await ready_by(deadline, receive())
    """Await a coroutine until `deadline`, a time of the running loop. Raises TimeoutError.

    Its first step is taken without a clock, because nearly every body is here before its request is looked at, and
    asyncio.timeout costs as much as the signature of a body.
    """

    __slots__ = ("_awaited", "_deadline")

    def __init__(self, deadline: float, awaited: Coroutine[Any, Any, Result]) -> None:
        self._deadline = deadline
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Result]:
        try:
            waits_for = self._awaited.send(None)
        except StopIteration as end:
            result: Result = end.value
            return result
        return (yield from self._wait(waits_for).__await__())

    async def _wait(self, waits_for: object) -> Result:
        async with asyncio.timeout_at(self._deadline):
            return await _resumed(self._awaited, waits_for)


@coroutine
def _resumed(begun: Coroutine[Any, Any, Result], waits_for: object) -> Generator[Any, Any, Result]:
    """Take all further steps of a coroutine that has said what its first one waits for."""
    try:
        while True:
            try:
                answer = yield waits_for
            except GeneratorExit:
                begun.close()
                raise
            except BaseException as error:  # cancelling too belongs to the one who waits
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(answer)
    except StopIteration as end:
        result: Result = end.value
        return result
