"""Answers that were laid down for a number come in order, in place of the simulator's own."""

import aiohttp
import pytest

from tests.unit.simulated_meta.world import MESSAGES, NUMBER, World, text

ANSWERS = f"/_sim/numbers/{NUMBER.phone_number_id}/answers"


async def test_scripted_answers_come_in_order_and_then_its_own(world: World) -> None:
    error = {"error": {"code": 131042, "message": "owes"}}
    laid = [{"http": 402, "body": error, "headers": {"Retry-After": "9"}, "times": 2}, {"http": 200, "text": "page"}]
    put = await world.client.put(ANSWERS, json={"answers": laid})
    headers = {"Authorization": "Bearer token-one"}
    answers = [await world.client.post(MESSAGES, json=text(), headers=headers) for _ in range(4)]

    assert (await put.json())["answers"] == 3
    assert [answer.status for answer in answers] == [402, 402, 200, 200]
    assert (await answers[0].json(), answers[0].headers["Retry-After"]) == (error, "9")
    assert await answers[2].text() == "page"
    assert world.meta.ledger.accepted == 1


@pytest.mark.parametrize("fault", ["reset", "read_timeout"])
async def test_a_scripted_fault_breaks_the_connection_and_accepts_nothing(world: World, fault: str) -> None:
    world.misbehave(hang_seconds=0.0)
    await world.client.put(ANSWERS, json={"answers": [{"fault": fault}]})

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await world.send(text())

    assert world.meta.ledger.accepted == 0


@pytest.mark.parametrize(
    "wrong",
    [[], {"answers": 1}, {"answers": [{"fault": "fire"}]}, {"answers": [{"http": "x"}]}, {"answers": [{"a": 1}]}],
)
async def test_a_script_that_cannot_be_is_refused_with_a_sentence(world: World, wrong: object) -> None:
    answer = await world.client.put(ANSWERS, json=wrong)

    assert answer.status == 400
    assert (await answer.json())["detail"]
