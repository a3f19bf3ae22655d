"""Messages on their way: order, refusals, limits, windows, credentials."""

import time
import uuid

from services.embedded.meta.plans import Faults
from services.pb.common.v1 import content_pb2, results_pb2
from services.sender.ports.teams import MessageFilter
from services.sender.store import PostgresMessages
from services.sender.worker.bodies.uploads import uploads_in
from tests.fixtures.outbound import SAMPLES, message_of

from .conftest import TOKEN, Stage, eventually, settled

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE
INVALID = results_pb2.ITEM_OUTCOME_INVALID


async def test_bubbles_leave_in_order_and_once(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    conversations = [uuid.uuid4() for _ in range(5)]
    messages = [stage.message(c, f"{n}/{i}") for i in range(4) for n, c in enumerate(conversations)]
    assert await stage.enqueue(room, *messages) == [OK] * 20
    assert await stage.enqueue(room, *messages) == [DUPLICATE] * 20
    await settled(stage, 20)
    texts = stage.texts()
    for n in range(5):
        assert [text for text in texts if text.startswith(f"{n}/")] == [f"{n}/{i}" for i in range(4)]
    assert {row["state"] for row in await stage.rows()} == {"accepted"}
    assert len(texts) == 20


async def test_a_bad_item_costs_its_neighbours_nothing(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    good, nameless, empty = (stage.message(uuid.uuid4(), text) for text in ("good", "no id", "no content"))
    nameless.message_id = "not-a-uuid"
    empty.content.Clear()
    unstorable = stage.message(uuid.uuid4(), "NUL", node_id="a\x00b")
    assert await stage.enqueue(room, nameless, good, empty, unstorable) == [INVALID, OK, INVALID, INVALID]
    await settled(stage, 1)
    assert stage.texts() == ["good"]


async def test_a_message_beyond_metas_limits_fails_without_a_call_and_lets_the_next_pass(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    conversation = uuid.uuid4()
    buttons = content_pb2.ButtonsContent(body="?", buttons=[content_pb2.ReplyButton(id="1", title="x" * 21)])
    bad = stage.message(conversation, "", content=content_pb2.Content(buttons=buttons))
    await stage.enqueue(room, bad, stage.message(conversation, "next"))
    await settled(stage, 2)
    assert stage.texts() == ["next"]
    states = {str(row["message_id"]): (row["state"], row["attempts"], row["error_text"])
              for row in await stage.rows("attempts", "error_text")}  # fmt: skip
    state, attempts, text = states[bad.message_id]
    assert (state, attempts) == ("failed", 0)
    assert "21 characters" in text


async def test_after_the_window_nothing_leaves(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    conversation = uuid.uuid4()
    late = stage.message(conversation, "late", window_expires_at=int(time.time()) - 1)
    await stage.enqueue(room, late, stage.message(conversation, "in time"))
    await settled(stage, 2)
    assert stage.texts() == ["in time"]
    texts = {str(row["message_id"]): row["error_text"] for row in await stage.rows("error_text")}
    assert texts[late.message_id].startswith("WINDOW_EXPIRED")


async def test_a_template_leaves_after_the_window_too(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    template = content_pb2.Content(template=content_pb2.TemplateContent(name="come_back", language="pt_BR"))
    await stage.enqueue(room, stage.message(uuid.uuid4(), "", content=template, window_expires_at=0))
    await settled(stage, 1)

    (row,) = await stage.rows()
    assert (row["state"], len(row["wamids"])) == ("accepted", 1)


async def test_a_receipt_is_no_message_and_the_answer_behind_it_leaves(stage: Stage) -> None:
    room = await stage.sender(pair_burst=1, pair_seconds=60.0)
    await stage.put_token(room)
    conversation = uuid.uuid4()
    receipt = content_pb2.Content(read_receipt=content_pb2.ReadReceiptContent(message_id="wamid.THEIRS"))
    await stage.enqueue(room, stage.message(conversation, "", content=receipt), stage.message(conversation, "answer"))
    await settled(stage, 2)

    assert stage.texts() == ["answer"]
    assert sorted(len(row["wamids"]) for row in await stage.rows()) == [0, 1]
    assert {record.status for record in await stage.records()} <= {"accepted", "sent", "delivered"}
    assert len([record for record in await stage.records() if record.status == "accepted"]) == 1


async def test_every_kind_of_message_is_taken_by_meta(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    messages = []
    for sample in SAMPLES.values():
        message = message_of(sample)
        values = stage.message(uuid.uuid4(), "")
        for field in ("organization_id", "message_id", "conversation_id", "phone_number_id", "window_expires_at"):
            setattr(message, field, getattr(values, field))
        messages.append(message)
    for media in (media for message in messages for media in uploads_in(message.content)):
        await room.files.keep.take_piece(
            organization_id=uuid.UUID(stage.organization_id), media_id=uuid.UUID(media.upload), kind="image",
            mime_type="image/png", size=4, position=0, content=b"\x89PNG",
        )  # fmt: skip
    assert await stage.enqueue(room, *messages) == [OK] * len(SAMPLES)
    await settled(stage, len(SAMPLES))

    assert [row for row in await stage.rows("error_text") if row["state"] != "accepted" or row["error_text"]] == []
    assert stage.meta.ledger.accepted == len([name for name in SAMPLES if "receipt" not in name])


async def test_a_list_of_messages_says_which_limit_one_broke(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "x" * 4097))
    await settled(stage, 1)

    (record,) = await PostgresMessages(stage.pool).page(
        organization_id=uuid.UUID(stage.organization_id), chosen=MessageFilter(), limit=10
    )
    assert record.state == "failed"
    assert record.error_text == (
        "Meta would refuse this message: text.body has 4,097 characters, Meta takes at most 4,096; shorten it"
    )


async def test_a_number_without_token_waits_visibly_and_goes_on_once_it_has_one(stage: Stage) -> None:
    room = await stage.sender()
    await stage.enqueue(room, stage.message(uuid.uuid4(), "patience"))

    async def waits() -> bool:
        return "no access token" in (await stage.rows("error_text"))[0]["error_text"]

    await eventually(waits)
    assert stage.texts() == []
    await stage.put_token(room)
    await settled(stage, 1)
    assert stage.texts() == ["patience"]


async def test_a_refused_token_pauses_the_number_until_a_new_one_comes(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room, "EAAwrong")
    await stage.enqueue(room, *(stage.message(uuid.uuid4(), text) for text in "abc"))

    async def is_paused() -> bool:
        return any(row["error_code"] == 190 for row in await stage.rows("error_code"))

    await eventually(is_paused)
    await stage.put_token(room)
    await settled(stage, 3)
    assert sorted(stage.texts()) == ["a", "b", "c"]


async def test_a_pair_gets_its_burst_at_once_and_then_one_by_one(stage: Stage) -> None:
    room = await stage.sender(pair_burst=3, pair_seconds=0.4)
    await stage.put_token(room)
    conversation = uuid.uuid4()
    await stage.enqueue(room, *(stage.message(conversation, str(n)) for n in range(5)))
    await settled(stage, 5)
    times = [entry.accepted_at / 1e9 for entry in stage.meta.ledger.read()]
    assert stage.texts() == ["0", "1", "2", "3", "4"]
    # The permissions are 0.4 s apart after the burst; the first one's way may have been the longest.
    assert times[3] - times[0] >= 0.4
    assert times[4] - times[0] >= 0.8


async def test_a_number_never_sends_more_than_its_limit_in_a_second(stage: Stage) -> None:
    room = await stage.sender(messages_per_second=40.0)
    await stage.put_token(room)
    await stage.enqueue(room, *(stage.message(uuid.uuid4(), str(n)) for n in range(60)))
    await settled(stage, 60)
    times = [entry.accepted_at / 1e9 for entry in stage.meta.ledger.read()]
    # 40 in any second, and one for the jitter of the way.
    assert all(times[n + 41] - times[n] > 1.0 for n in range(len(times) - 41))


async def test_meta_saying_too_fast_is_waited_out(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(rate_limited=0.5, pair_limited=0.5, delay_ms=1))
    room = await stage.sender()
    await stage.put_token(room)
    conversation = uuid.uuid4()
    await stage.enqueue(room, *(stage.message(conversation, str(n)) for n in range(4)))

    async def is_refused() -> bool:
        return any(row["error_code"] in (130429, 131056) for row in await stage.rows("error_code"))

    await eventually(is_refused)
    stage.meta.faults.set_plan(Faults(delay_ms=1))
    await settled(stage, 4)
    assert stage.texts() == ["0", "1", "2", "3"]
    assert stage.meta.ledger.duplicates.total() == 0


async def test_draining_ends_calls_and_gives_lanes_back(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(latency_ms=300, delay_ms=1))
    first = await stage.sender()
    await stage.put_token(first)
    conversation = uuid.uuid4()
    await stage.enqueue(first, *(stage.message(conversation, str(n)) for n in range(3)))

    async def is_under_way() -> bool:
        return bool(stage.texts())

    await eventually(is_under_way)
    await first.worker.stop()
    assert [row["state"] for row in await stage.rows()].count("attempting") == 0
    assert len(stage.texts()) == 1
    await stage.sender()
    await settled(stage, 3)
    assert stage.texts() == ["0", "1", "2"]


async def test_a_token_is_stored_sealed_and_put_once(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    organization_id = uuid.UUID(stage.organization_id)
    assert not await room.credentials.put(organization_id=organization_id, phone_number_id="5511990001", token=TOKEN)
    ((sealed,),) = await stage.sql("SELECT sealed FROM sender.credential")
    assert TOKEN.encode() not in bytes(sealed)
