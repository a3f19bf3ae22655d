"""What Meta tells of numbers and portfolios by webhook is what sender keeps to, beside what was given to it."""

import time
import uuid

import pytest

from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.ports import NumberFacts
from services.sender.server import DeliveryServer, NumbersServer
from tests.integration.sender.conftest import NUMBER, Stage, eventually

OK, INVALID = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_INVALID
ACCOUNT = "888"
OTHER = "5511990002"


@pytest.fixture
async def room(stage: Stage) -> Room:
    room = await stage.sender()
    await stage.put_token(room)
    return room


async def hear(stage: Stage, room: Room, **told: object) -> int:
    fields = {"told_at_ms": int(time.time() * 1000)} | told
    number = events_pb2.NumberNews(**fields)  # type: ignore[arg-type]  # fields of several types
    notice = events_pb2.Notice(number=number, waba_id=ACCOUNT)
    item = sender_pb2.OrganizationNotice(organization_id=stage.organization_id, notice=notice)
    response = await DeliveryServer(room.deliver, room.notices, room.desk).ApplyNotices(
        sender_pb2.ApplyNoticesRequest(notices=[item]),
        None,  # type: ignore[arg-type]  # the server uses no context
    )
    (result,) = response.results
    return result.outcome


async def give(stage: Stage, room: Room, number: str = NUMBER, **values: object) -> None:
    await room.numbers.put_limits(
        organization_id=uuid.UUID(stage.organization_id),
        phone_number_id=number,
        facts=NumberFacts(**{"waba_id": ACCOUNT} | values),  # type: ignore[arg-type]  # fields of several types
    )


async def in_force(stage: Stage, room: Room, number: str = NUMBER) -> NumberFacts:
    (facts,) = await room.worker.around.numbers.get([(uuid.UUID(stage.organization_id), number)])
    return facts


async def test_a_throughput_upgrade_is_used_at_once(stage: Stage, room: Room) -> None:
    assert (await in_force(stage, room)).messages_per_second == 0
    assert await hear(stage, room, phone_number_id=NUMBER, messages_per_second=1000, quality="green") == OK
    facts = await in_force(stage, room)
    assert (facts.messages_per_second, facts.quality) == (1000, "GREEN")


async def test_of_what_was_given_and_what_meta_told_the_lower_limit_holds(stage: Stage, room: Room) -> None:
    await give(stage, room, messages_per_second=80, users_per_day=1000)
    await hear(stage, room, phone_number_id=NUMBER, messages_per_second=1000, users_per_day=250)
    facts = await in_force(stage, room)
    assert (facts.messages_per_second, facts.users_per_day) == (80, 250)
    # A number that the business app uses as well stays at 20, whatever was given; no limit leaves the given one.
    await hear(stage, room, phone_number_id=NUMBER, messages_per_second=20, users_per_day=-1)
    facts = await in_force(stage, room)
    assert (facts.messages_per_second, facts.users_per_day) == (20, 1000)


async def test_applying_the_same_file_again_changes_nothing_of_what_meta_told(stage: Stage, room: Room) -> None:
    await hear(stage, room, phone_number_id=NUMBER, messages_per_second=1000)
    await give(stage, room)
    assert (await in_force(stage, room)).messages_per_second == 1000


async def test_a_tier_is_the_portfolios_whichever_of_its_numbers_it_was_told_of(stage: Stage, room: Room) -> None:
    await give(stage, room, portfolio_id="bakery")
    await give(stage, room, OTHER, portfolio_id="bakery", waba_id="999")
    await give(stage, room, "5511990003", portfolio_id="garage")
    await hear(stage, room, phone_number_id=NUMBER, users_per_day=2000)
    limits = [(await in_force(stage, room, number)).users_per_day for number in (NUMBER, OTHER, "5511990003")]
    assert limits == [2000, 2000, 0]
    # Of the whole account: its numbers are in both portfolios.
    await hear(stage, room, users_per_day=10_000)
    limits = [(await in_force(stage, room, number)).users_per_day for number in (NUMBER, OTHER, "5511990003")]
    assert limits == [10_000, 10_000, 10_000]


async def test_of_two_news_the_later_one_holds(stage: Stage, room: Room) -> None:
    now = int(time.time() * 1000)
    await hear(stage, room, phone_number_id=NUMBER, messages_per_second=1000, users_per_day=2000, told_at_ms=now)
    await hear(stage, room, phone_number_id=NUMBER, messages_per_second=20, users_per_day=250, told_at_ms=now - 1000)
    facts = await in_force(stage, room)
    assert (facts.messages_per_second, facts.users_per_day) == (1000, 2000)


async def test_messages_of_an_account_that_meta_stopped_wait_until_it_goes_on(stage: Stage, room: Room) -> None:
    await give(stage, room)
    await hear(stage, room, account_state="STOPPED")
    request = sender_pb2.ListPausesRequest(organization_id=stage.organization_id)
    listed = await NumbersServer(room.numbers).ListPauses(request, None)  # type: ignore[arg-type]  # as above
    assert [(pause.scope, pause.name) for pause in listed.pauses] == [("waba", ACCOUNT)]
    await stage.enqueue(room, stage.message(uuid.uuid4(), "hello"))

    async def has(state: str) -> bool:
        return [row["state"] for row in await stage.rows()] == [state]

    await eventually(lambda: has("queued"))
    assert stage.texts() == []
    await hear(stage, room, account_state="RESUMED")
    await eventually(lambda: has("accepted"))


@pytest.mark.parametrize(
    "told",
    [
        {"phone_number": "558130000000", "quality": "RED"},
        {"phone_number_id": NUMBER, "messages_per_second": -1},
        {"phone_number_id": NUMBER, "users_per_day": -2},
        {"account_state": "ASLEEP"},
        {"phone_number_id": NUMBER, "told_at_ms": 0},
    ],
)
async def test_news_that_cannot_be_are_refused(stage: Stage, room: Room, told: dict[str, object]) -> None:
    assert await hear(stage, room, **told) == INVALID
