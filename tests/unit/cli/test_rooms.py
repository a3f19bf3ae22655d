"""Many calls of one command: a bounded number at a time, answered in the order in which they were asked."""

import asyncio

import pytest

from services.cli.rooms import CALLS_AT_ONCE, for_each


class Kitchen:
    """Counts what is under way; everything waits until as much is as may be."""

    def __init__(self) -> None:
        self.under_way = self.most = 0
        self.is_full = asyncio.Event()

    async def cook(self, number: int) -> int:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way == CALLS_AT_ONCE:
            self.is_full.set()
        await self.is_full.wait()
        self.under_way -= 1
        return number * 10


async def test_as_many_calls_as_allowed_are_under_way_and_no_more() -> None:
    kitchen = Kitchen()

    cooked = await for_each(range(CALLS_AT_ONCE * 3), kitchen.cook)

    assert cooked == [number * 10 for number in range(CALLS_AT_ONCE * 3)]
    assert kitchen.most == CALLS_AT_ONCE


async def test_the_first_failure_is_told() -> None:
    async def fail(number: int) -> int:
        if number == 3:
            raise ValueError("the oven is cold")
        return number

    with pytest.raises(ValueError, match="the oven is cold"):
        await for_each(range(100), fail)
