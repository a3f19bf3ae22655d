"""Concurrent callers share a flush; nobody pays for another's mistake."""

import asyncio
from collections.abc import Sequence

import pytest

from services.chassis.queue import Batcher


class Poison(Exception):
    pass


class Outage(Exception):
    pass


class Flushes:
    """A flush that waits for `gate`, refuses poisoned entries, and tells which batches came."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, entries: Sequence[str]) -> Sequence[str]:
        self.batches.append(list(entries))
        self.begun.set()
        await self.gate.wait()
        if "poison" in entries:
            raise Poison
        if "outage" in entries:
            raise Outage
        return [entry.upper() for entry in entries]


async def together(
    batcher: Batcher[str, str], flushes: Flushes, *callers: Sequence[str]
) -> list[Sequence[str] | BaseException]:
    """Submit for several callers while an earlier flush is held up."""
    flushes.gate.clear()
    first = asyncio.create_task(batcher.submit(["first"]))
    await flushes.begun.wait()
    tasks = [asyncio.create_task(batcher.submit(entries)) for entries in callers]
    await asyncio.sleep(0)
    flushes.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    await first
    return answers


async def test_what_comes_during_a_flush_goes_together_into_the_next() -> None:
    flushes = Flushes()
    answers = await together(Batcher(flushes), flushes, ["a", "b"], ["c"], ["d"])

    assert answers == [["A", "B"], ["C"], ["D"]]
    assert flushes.batches == [["first"], ["a", "b", "c", "d"]]


async def test_a_batch_grows_to_its_limit_but_a_caller_is_never_split() -> None:
    flushes = Flushes()
    await together(Batcher(flushes, limit=3), flushes, ["a", "b"], ["c", "d"], ["e", "f", "g", "h"])

    assert flushes.batches == [["first"], ["a", "b"], ["c", "d"], ["e", "f", "g", "h"]]


async def test_one_callers_poison_costs_nobody_else_an_answer() -> None:
    flushes = Flushes()
    answers = await together(Batcher(flushes, poison=(Poison,)), flushes, ["a"], ["b", "poison"], ["c"])

    assert answers[0] == ["A"]
    assert isinstance(answers[1], Poison)
    assert answers[2] == ["C"]
    assert flushes.batches[1:] == [["a", "b", "poison", "c"], ["a"], ["b", "poison"], ["c"]]


async def test_an_outage_is_everybodys_and_is_not_tried_one_by_one() -> None:
    flushes = Flushes()
    answers = await together(Batcher(flushes, poison=(Poison,)), flushes, ["a"], ["outage"])

    assert [type(answer) for answer in answers] == [Outage, Outage]
    assert len(flushes.batches) == 2


async def test_it_goes_on_after_failures() -> None:
    batcher = Batcher(Flushes(), poison=(Poison,))
    for bad, error in (("poison", Poison), ("outage", Outage)):
        with pytest.raises(error):
            await batcher.submit([bad])

    assert await batcher.submit(["a"]) == ["A"]


async def test_a_caller_that_gave_up_takes_nothing_from_the_others() -> None:
    flushes = Flushes()
    batcher = Batcher(flushes)
    flushes.gate.clear()
    impatient = asyncio.create_task(batcher.submit(["a"]))
    await flushes.begun.wait()
    patient = asyncio.create_task(batcher.submit(["b"]))
    impatient.cancel()
    flushes.gate.set()

    assert await patient == ["B"]


async def test_drain_ends_when_nothing_is_left() -> None:
    flushes = Flushes()
    batcher = Batcher(flushes)
    tasks = [asyncio.create_task(batcher.submit([sign])) for sign in "abc"]
    await asyncio.sleep(0)

    await batcher.drain()

    assert flushes.batches == [["a", "b", "c"]]
    assert [await task for task in tasks] == [["A"], ["B"], ["C"]]


async def test_after_a_busy_flush_the_next_waits_for_company() -> None:
    flushes = Flushes()
    batcher: Batcher[str, str] = Batcher(flushes, patience=0.001, busy=2)
    flushes.gate.clear()
    first = asyncio.create_task(batcher.submit(["a", "b"]))
    await flushes.begun.wait()
    second = asyncio.create_task(batcher.submit(["c"]))
    await asyncio.sleep(0)
    flushes.gate.set()
    await first
    third = asyncio.create_task(batcher.submit(["d"]))

    assert await asyncio.gather(second, third) == [["C"], ["D"]]
    assert flushes.batches == [["a", "b"], ["c", "d"]]


async def test_a_lone_entry_waits_for_nobody_however_patient_the_batcher() -> None:
    flushes = Flushes()
    batcher: Batcher[str, str] = Batcher(flushes, patience=3600.0)

    async with asyncio.timeout(5):
        assert await batcher.submit(["a"]) == ["A"]
        assert await batcher.submit(["b"]) == ["B"]
