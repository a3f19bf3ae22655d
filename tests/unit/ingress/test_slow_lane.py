"""Large bodies one after the other, with pauses."""

import asyncio

from services.ingress.http.slow_lane import SlowLane


async def test_one_at_a_time_goes_through_the_slow_lane() -> None:
    lane, inside, most = SlowLane(), 0, 0

    async def go() -> None:
        nonlocal inside, most
        async with lane:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(go() for _ in range(5)))
    assert most == 1


async def test_after_each_there_is_a_pause_as_long_as_it_took() -> None:
    lane, loop = SlowLane(), asyncio.get_running_loop()
    async with lane:
        ended = loop.time() + 0.02
        while loop.time() < ended:
            pass
    async with lane:
        assert loop.time() >= ended + 0.02


async def test_an_accident_inside_leaves_the_lane_open() -> None:
    lane = SlowLane()
    for _ in range(2):
        try:
            async with lane:
                raise KeyError
        except KeyError:
            pass
