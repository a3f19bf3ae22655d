"""What Meta refuses as a whole stops, lasts, is seen by all senders, and goes on by itself; the rest goes on."""

import time
import uuid
from functools import partial
from typing import Any

import orjson
import pytest

from services.embedded.meta.plans import BusinessNumber
from services.embedded.meta.scripted import read_answers
from services.pb.common.v1 import content_pb2, events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.ports import NumberFacts
from services.sender.server import NumbersServer
from services.sender.store import PostgresHealth
from tests.integration.sender.conftest import NUMBER, TOKEN, Stage, eventually, settled

OTHER = "5511990002"
ACCOUNT = "7700"


def refuse(stage: Stage, code: int, *, times: int = 1, number: str = NUMBER) -> None:
    """Meta answers the next sends of a number with an error."""
    error = {"http": 400, "body": {"error": {"message": "no", "code": code}}, "times": times}
    stage.meta.script.put(number, read_answers({"answers": [error]}))


def template(name: str) -> content_pb2.Content:
    return content_pb2.Content(template=content_pb2.TemplateContent(name=name, language="pt_BR"))


async def pauses(stage: Stage, room: Room) -> list[sender_pb2.Pause]:
    response = await NumbersServer(room.numbers).ListPauses(
        sender_pb2.ListPausesRequest(organization_id=stage.organization_id),
        None,  # type: ignore[arg-type]  # the server uses no context
    )
    return list(response.pauses)


async def go_on(stage: Stage, room: Room, **what: str) -> int:
    request = sender_pb2.EndPausesRequest(organization_id=stage.organization_id, **what)
    response = await NumbersServer(room.numbers).EndPauses(request, None)  # type: ignore[arg-type]  # as above
    return response.ended


async def make_due(stage: Stage, room: Room) -> None:
    """The next probe's time has come, and that of who waits for it."""
    async with stage.pool.transaction([stage.organization_id]) as connection:
        await connection.execute("UPDATE sender.pause SET probe_at = now()")
        await connection.execute("UPDATE sender.inbox_lane SET wake_at = now() WHERE wake_at > now()")
    await room.pauses.refresh()
    room.inbox_bell.ring()


async def waiting(stage: Stage, count: int) -> None:
    async def check() -> bool:
        rows = await stage.rows("error_code")
        return len([row for row in rows if row["state"] == "queued" and row["error_code"]]) == count

    await eventually(check)


async def facts(stage: Stage, room: Room, number: str = NUMBER, **values: Any) -> None:
    await room.numbers.put_limits(
        organization_id=uuid.UUID(stage.organization_id), phone_number_id=number, facts=NumberFacts(**values)
    )


async def add_other_number(stage: Stage, room: Room, token: str = TOKEN) -> None:
    stage.meta.register(
        BusinessNumber(
            phone_number_id=OTHER, display_phone_number=OTHER, waba_id="77", access_tokens=(token,), app_secret="hush"
        )
    )
    await room.credentials.put(organization_id=uuid.UUID(stage.organization_id), phone_number_id=OTHER, token=token)


async def test_a_refused_token_stops_all_numbers_that_have_it_also_after_a_restart(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await add_other_number(stage, room)
    refuse(stage, 190)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "first"))
    await waiting(stage, 1)

    await room.worker.stop()
    fresh = await stage.sender()
    await fresh.pauses.refresh()
    await stage.enqueue(fresh, stage.message(uuid.uuid4(), "other", phone_number_id=OTHER))
    await waiting(stage, 2)

    (pause,) = await pauses(stage, fresh)
    assert (pause.scope, pause.name, pause.phone_number_id, pause.error_code) == ("credentials", "", NUMBER, 190)
    assert 0 < pause.probe_in_seconds <= 60
    assert stage.texts() == []


async def test_one_message_tries_and_when_it_passes_all_go_on(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    refuse(stage, 133010, times=2)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "1"))
    await waiting(stage, 1)
    await stage.enqueue(room, *(stage.message(uuid.uuid4(), str(n)) for n in range(2, 6)))
    await waiting(stage, 5)

    await make_due(stage, room)

    async def probed() -> bool:
        calls = sum(row["attempts"] for row in await stage.rows("attempts"))
        return ([pause.probes for pause in await pauses(stage, room)], calls) == ([1], 2)

    await eventually(probed)
    (pause,) = await pauses(stage, room)
    assert pause.probe_in_seconds > 60
    assert sorted(row["attempts"] for row in await stage.rows("attempts")) in ([0, 0, 0, 0, 2], [0, 0, 0, 1, 1])

    await make_due(stage, room)
    await settled(stage, 5)
    assert await pauses(stage, room) == []
    assert sorted(stage.texts()) == ["1", "2", "3", "4", "5"]


async def test_an_account_that_owes_money_stops_all_its_numbers_and_no_other(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await add_other_number(stage, room, token="EAAother")
    await facts(stage, room, waba_id=ACCOUNT)
    await facts(stage, room, OTHER, waba_id=ACCOUNT)
    refuse(stage, 131042)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "first"))
    await waiting(stage, 1)

    await stage.enqueue(room, stage.message(uuid.uuid4(), "held", phone_number_id=OTHER))
    await waiting(stage, 2)
    await facts(stage, room, OTHER, waba_id="8800")
    assert await go_on(stage, room, phone_number_id=OTHER) == 0

    await settled(stage, 1)
    assert stage.texts() == ["held"]
    (pause,) = await pauses(stage, room)
    assert (pause.scope, pause.name) == ("waba", ACCOUNT)


async def test_a_paused_template_lets_the_conversation_go_on_and_comes_back(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    conversation = uuid.uuid4()
    refuse(stage, 132015)
    await stage.enqueue(
        room,
        stage.message(conversation, "", content=template("spring_sale")),
        stage.message(conversation, "", content=template("spring_sale")),
        stage.message(conversation, "and a word"),
    )
    await settled(stage, 1)
    assert stage.texts() == ["and a word"]
    assert [pause.name for pause in await pauses(stage, room)] == ["spring_sale/pt_BR"]
    await room.requeue()
    assert len(stage.arrivals()) == 1

    assert await go_on(stage, room, template="spring_sale/pt_BR") == 1
    await room.requeue()

    await settled(stage, 3)
    assert len(stage.arrivals()) == 3
    assert await stage.sql("SELECT 1 FROM sender.deferred") == []


async def test_of_a_paused_template_one_message_tries_when_it_is_time(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    refuse(stage, 132015)
    messages = [stage.message(uuid.uuid4(), "", content=template("spring_sale")) for _ in range(3)]
    await stage.enqueue(room, *messages)

    async def aside() -> bool:
        return len(await stage.sql("SELECT 1 FROM sender.deferred WHERE template <> ''")) >= 1

    await eventually(aside)
    await make_due(stage, room)

    async def all_sent() -> bool:
        await room.requeue()
        return len(stage.arrivals()) == 3

    await eventually(all_sent)
    assert await pauses(stage, room) == []


async def test_a_message_that_may_be_tried_a_day_later_is_tried_once_more_beside_its_conversation(
    stage: Stage,
) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    conversation = uuid.uuid4()
    refuse(stage, 131049)
    await stage.enqueue(room, stage.message(conversation, "", content=template("news")))
    await eventually(lambda: _is_deferred(stage, between=(86_000, 86_401)))
    await stage.enqueue(room, stage.message(conversation, "a reply"))
    await settled(stage, 1)

    refuse(stage, 131049)
    await stage.sql("UPDATE sender.deferred SET due_at = now() RETURNING 1")
    await room.requeue()

    await settled(stage, 2)
    first, second = await stage.rows("attempts", "error_code", "error_action")
    assert (first["state"], first["attempts"], first["error_code"]) == ("failed", 2, 131049)
    assert first["error_action"] == "retry_after"
    assert second["state"] == "accepted"


async def _is_deferred(stage: Stage, *, between: tuple[int, int]) -> bool:
    rows = await stage.sql("SELECT extract(epoch FROM due_at - now())::float8 FROM sender.deferred")
    return len(rows) == 1 and between[0] < rows[0][0] < between[1]


async def test_a_message_whose_content_is_kept_no_longer_fails_when_it_is_due(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    refuse(stage, 132069)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "", content=template("news")))
    await eventually(lambda: _is_deferred(stage, between=(3000, 3601)))

    await stage.sql("DELETE FROM sender.inbox_item RETURNING 1")
    await stage.sql("UPDATE sender.deferred SET due_at = now() RETURNING 1")
    await room.requeue()

    (row,) = await stage.rows("error_text")
    assert (row["state"], "longer than its content is kept" in row["error_text"]) == ("failed", True)


async def test_who_stopped_marketing_is_noted_under_all_her_names(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    refuse(stage, 131050)
    message = stage.message(uuid.uuid4(), "", content=template("news"), recipient_user_id="PT.77")
    await stage.enqueue(room, message)
    await settled(stage, 1)

    opted_out = await stage.sql("SELECT recipient, kind, source FROM sender.opt_out ORDER BY recipient")
    expected = [(name, "marketing", "meta:131050") for name in sorted([message.recipient_wa_id, "PT.77"])]
    assert opted_out == expected


def failed(message: sender_pb2.OutboundMessage, code: int) -> events_pb2.MessageStatus:
    return events_pb2.MessageStatus(
        event_id=f"failed:{message.message_id}", phone_number_id=NUMBER, message_id=f"wamid.{message.message_id}",
        status="failed", callback_data=message.message_id, occurred_at=int(time.time()), error_codes=[code],
        waba_id=ACCOUNT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "action", "scope", "name"),
    [
        (131042, "pause_waba", "waba", ACCOUNT),
        (131048, "pause_number", "number", NUMBER),
        (190, "pause_credentials", "credentials", ""),
        (132015, "pause_template", "template", "news/pt_BR"),
    ],
)
async def test_what_a_failed_status_says_of_more_than_its_message_pauses_that(
    stage: Stage, code: int, action: str, scope: str, name: str
) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "", content=template("news"))
    await stage.enqueue(room, message)
    await settled(stage, 1)

    await stage.apply(room, failed(message, code))

    (row,) = await stage.rows("error_code", "error_action")
    assert (row["state"], row["error_code"], row["error_action"]) == ("failed", code, action)
    assert [(pause.scope, pause.name) for pause in await pauses(stage, room)] == [(scope, name)]


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (131026, "fail_permanent"), (131047, "reopen_with_template"), (131049, "retry_after"),
        (131050, "suppress_marketing"), (987_654, "fail_permanent"),
    ],
)  # fmt: skip
async def test_what_a_failed_status_says_of_its_message_alone_pauses_nothing(
    stage: Stage, code: int, action: str
) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "Hello")
    await stage.enqueue(room, message)
    await settled(stage, 1)

    await stage.apply(room, failed(message, code))

    (row,) = await stage.rows("error_action", "attempts")
    assert (row["state"], row["error_action"], row["attempts"]) == ("failed", action, 1)
    assert await pauses(stage, room) == []
    assert await stage.sql("SELECT 1 FROM sender.deferred") == []
    assert bool(await stage.sql("SELECT 1 FROM sender.opt_out")) == (code == 131050)


async def test_a_status_tells_whose_account_a_number_is(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "Hello")
    await stage.enqueue(room, message)
    await settled(stage, 1)

    await stage.apply(room, failed(message, 131026))

    assert await stage.sql("SELECT phone_number_id, waba_id FROM sender.number") == [(NUMBER, ACCOUNT)]


async def test_a_portfolio_reaches_so_many_users_a_day_outside_their_windows(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await facts(stage, room, users_per_day=2)
    lanes = [uuid.uuid4() for _ in range(4)]
    for lane in lanes[:3]:
        await stage.enqueue(room, stage.message(lane, "", content=template("news"), window_expires_at=0))
    await settled(stage, 2)
    await stage.enqueue(
        room,
        # Once more to somebody who was reached, and to somebody whose window is open.
        stage.message(lanes[0], "", content=template("news"), window_expires_at=0),
        stage.message(lanes[3], "", content=template("news")),
    )
    await settled(stage, 4)

    states = [row for row in await stage.rows("error_text") if row["state"] == "queued"]
    assert ["has reached the 2 users" in row["error_text"] for row in states] == [True]
    assert await stage.sql("SELECT users FROM sender.reached_count") == [(2,)]

    await stage.sql("UPDATE sender.reached SET reached_at = now() - interval '25 hours' RETURNING 1")
    await come_back(stage, room)
    await settled(stage, 5)
    assert await stage.sql("SELECT users FROM sender.reached_count") == [(1,)]


async def come_back(stage: Stage, room: Room) -> None:
    """What waits beside its lane is due; of one lane only the first is said to be."""
    await stage.sql(
        "UPDATE sender.deferred SET due_at = now() WHERE message_id IN (SELECT DISTINCT ON (lane_id) message_id "
        "FROM sender.deferred ORDER BY lane_id, due_at) RETURNING 1"
    )
    await room.requeue()


async def test_a_template_that_may_not_reach_a_user_yet_holds_up_nothing_but_templates_behind_it(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await facts(stage, room, users_per_day=1)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "", content=template("other"), window_expires_at=0))
    await settled(stage, 1)
    lane = uuid.uuid4()
    for count, name in enumerate(("first", "second"), start=1):
        await stage.enqueue(room, stage.message(lane, "", content=template(name), window_expires_at=0))
        await eventually(partial(_wait_in_order, stage, count))
    # They wrote meanwhile: what is said to that leaves at once, and so does a template inside the window.
    await stage.enqueue(
        room, stage.message(lane, "a reply"), stage.message(lane, "", content=template("receipt")),
    )  # fmt: skip
    await settled(stage, 3)
    assert said(stage) == ["other", "a reply", "receipt"]
    health = await PostgresHealth(stage.pool).backlogs(organization_id=uuid.UUID(stage.organization_id))
    assert health[NUMBER].queued == 2

    # There is room again, but nobody overtakes: neither a later template, nor the second one the first.
    await facts(stage, room, users_per_day=2)
    await stage.enqueue(room, stage.message(lane, "", content=template("third"), window_expires_at=0))
    await eventually(partial(_wait_in_order, stage, 3))
    await come_back(stage, room)
    await settled(stage, 6)
    assert said(stage)[3:] == ["first", "second", "third"]


async def _wait_in_order(stage: Stage, count: int) -> bool:
    return len(await stage.sql("SELECT 1 FROM sender.deferred WHERE is_in_order")) == count


def said(stage: Stage) -> list[str]:
    """What Meta took, templates by their names."""
    bodies = [orjson.loads(entry.body) for entry in stage.meta.ledger.read()]
    return [body["template"]["name"] if "template" in body else body["text"]["body"] for body in bodies]
