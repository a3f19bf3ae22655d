"""How numbers do, on real Postgres and the simulated Meta."""

import uuid
from dataclasses import replace

from services.chassis.clock import now
from services.chassis.sealing import Sealer
from services.sender.app import Room
from services.sender.domain.codes import Scope
from services.sender.domain.health import NumberState
from services.sender.domain.pausing import PauseName
from services.sender.store import PostgresCredentials, PostgresHealth, PostgresPauses
from services.sender.usecases.health import TellHealth

from .conftest import NUMBER, Stage, eventually, settled


def health(stage: Stage, room: Room) -> TellHealth:
    tokens = PostgresCredentials(stage.pool, Sealer.from_text(stage.settings.sealing_keys), room.audit)
    return TellHealth(tokens, room.graph, PostgresHealth(stage.pool), room.numbers, room.management, now)


async def test_health_tells_metas_word_what_waits_and_what_failed(stage: Stage) -> None:
    organization_id = uuid.UUID(stage.organization_id)
    room = await stage.sender()
    await stage.put_token(room)
    await stage.enqueue(room, *[stage.message(uuid.uuid4(), "x" * 5000) for _ in range(3)])
    await settled(stage, 3)
    # What waits for its number's token.
    waiting = [stage.message(uuid.uuid4(), "oi", phone_number_id="8") for _ in range(2)]
    await stage.enqueue(room, *waiting)

    (one,) = await health(stage, room).of_numbers(organization_id=organization_id, phone_number_id="")
    assert one.state == NumberState("GREEN", "TIER_2K", "STANDARD", "CONNECTED")
    assert (one.problem, one.backlog.queued) == ("", 0)
    assert [(each.error_code, each.count) for each in one.failures] == [(0, 3)]
    assert "4,096" in one.failures[0].last_text

    async def is_seen() -> bool:
        backlogs = await PostgresHealth(stage.pool).backlogs(organization_id=organization_id)
        return backlogs.keys() == {"8"} and backlogs["8"].queued == 2 and backlogs["8"].oldest_at is not None

    await eventually(is_seen)
    pauses = PostgresPauses(stage.pool, room.audit)
    name = PauseName(organization_id, Scope.NUMBER, NUMBER)
    await pauses.put_pause(name, phone_number_id=NUMBER, code=133010, text="not registered", seconds=60.0)
    (paused,) = await health(stage, room).of_numbers(organization_id=organization_id, phone_number_id=NUMBER)
    assert [(each.code, each.phone_number_id) for each in paused.pauses] == [(133010, NUMBER)]
    assert await PostgresHealth(stage.pool).failures(organization_id=uuid.uuid4()) == {}


async def test_a_number_that_can_work_has_nothing_to_mend_and_each_fault_is_found(stage: Stage) -> None:
    organization_id = uuid.UUID(stage.organization_id)
    room = await stage.sender()
    await stage.put_token(room)
    number = stage.meta.numbers[NUMBER]

    async def results() -> dict[str, str]:
        found = await health(stage, room).check(organization_id=organization_id)
        return {each.finding.check: each.finding.result for each in found}

    stage.meta.register(replace(number, webhook_url="https://pytake.example/webhook"))
    assert await results() == dict.fromkeys(("token", "scopes", "subscription", "webhook"), "ok")
    stage.meta.register(replace(number, webhook_url="http://pytake.example/webhook", subscribed=False))
    assert await results() == {"token": "ok", "scopes": "ok", "subscription": "problem", "webhook": "problem"}
    stage.meta.register(replace(number, webhook_url=""))
    assert (await results())["webhook"] == "unknown"
    stage.meta.register(replace(number, access_tokens=("another",)))
    assert await results() == {"token": "problem"}
