"""Waiting with a deadline: nothing is different from asyncio's own, but what is ready at once sets no clock."""

import asyncio

import pytest

from services.ingress.http.deadline import ready_by


async def at_once(value: str) -> str:
    return value


async def after_turns(count: int) -> int:
    for _ in range(count):
        await asyncio.sleep(0)
    return count


async def broken(turns: int) -> None:
    await after_turns(turns)
    raise KeyError("inside")


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_what_is_ready_at_once_needs_no_time_at_all() -> None:
    assert await ready_by(in_seconds(-1), at_once("here")) == "here"


async def test_what_takes_turns_of_the_loop_is_waited_for() -> None:
    assert await ready_by(in_seconds(60), after_turns(3)) == 3


async def test_what_another_task_brings_is_waited_for() -> None:
    arrived = asyncio.Event()
    waiting = asyncio.create_task(_awaited(ready_by(in_seconds(60), arrived.wait())))
    await asyncio.sleep(0)
    arrived.set()

    assert await waiting


async def test_what_never_comes_times_out_and_is_ended() -> None:
    ended = asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await ready_by(in_seconds(-1), never())
    assert ended.is_set()


@pytest.mark.parametrize("turns", [0, 2])
async def test_an_error_comes_out_as_it_is(turns: int) -> None:
    with pytest.raises(KeyError):
        await ready_by(in_seconds(60), broken(turns))


async def test_who_waits_can_be_cancelled() -> None:
    waiting = asyncio.create_task(_awaited(ready_by(in_seconds(60), asyncio.Event().wait())))
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _awaited(what: ready_by[bool]) -> bool:
    return await what
