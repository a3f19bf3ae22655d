"""The store of analytics: one suite for the log in memory and the one in Postgres."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.analytics.domain.counting import Messages
from services.analytics.domain.record import RecordKind
from services.analytics.domain.report import EVERYTHING, Chosen, Counts, LogPlace, Speaker, Transcript
from services.analytics.ports import MOST_TEXT_BYTES, RecordRefused, Store
from services.analytics.store import PostgresStore
from services.chassis.db import Database
from tests.fakes.analytics import MemoryStore
from tests.fakes.analytics_records import NOON, record_maker

BOT = RecordKind.BOT_MESSAGE
PHONE = "5511912345678"


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = request.getfixturevalue("module_database").url_of("analytics")
    database = await Database.open(url, size=2, name="conformance")
    yield PostgresStore(database)
    await database.close()


async def transcript(
    store: Store, organization_id: UUID, *, flow_id: UUID | None = None, skip: int = 0, limit: int = 100
) -> Transcript:
    return await store.transcript(
        organization_id=organization_id, phone_number=PHONE, flow_id=flow_id, skip=skip, limit=limit
    )


async def counts(
    store: Store, organization_id: UUID, *, flow_id: UUID | None = None, most_conversations: int = 100
) -> Counts:
    return await store.counts(organization_id=organization_id, flow_id=flow_id, most_conversations=most_conversations)


async def ids_of(
    store: Store, organization_id: UUID, chosen: Chosen = EVERYTHING, *, flow_id: UUID | None = None
) -> list[str]:
    """Ids of the records of a log, read in pages of two."""
    found: list[str] = []
    after: LogPlace | None = LogPlace(NOON - timedelta(days=1), "")
    while after is not None:
        page = await store.records(
            organization_id=organization_id, flow_id=flow_id, after=after, until=None, limit=2, chosen=chosen
        )
        found += [record.record_id for record in page.records]
        after = page.following
    return found


async def test_repeats_are_not_new_within_a_batch_nor_after_it(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    one, two = record(), record()

    assert list(await store.add([one, two, one])) == [True, True, False]
    assert list(await store.add([two, record(), one])) == [False, True, False]
    assert (await counts(store, organization_id)).conversations[0].messages == Messages(contact=3)


async def test_the_first_of_two_records_with_one_key_is_kept(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    same = {"record_id": "same", "occurred_at": NOON}

    await store.add([record(**same, text=str(number), node_id=f"node {number}") for number in range(20)])
    await store.add([record(**same, text="later", node_id="later")])

    assert [line.text for line in (await transcript(store, organization_id)).messages] == ["0"]
    assert [count.node_id for count in (await counts(store, organization_id)).nodes] == ["node 0"]


async def test_one_record_id_at_two_times_is_two_records(store: Store) -> None:
    record = record_maker()

    assert list(await store.add([record(record_id="same"), record(record_id="same")])) == [True, True]


async def test_one_key_in_two_organizations_is_two_records(store: Store) -> None:
    key = {"record_id": "same", "occurred_at": NOON}

    assert list(await store.add([record_maker()(**key), record_maker()(**key)])) == [True, True]


async def test_a_refused_value_keeps_nothing_of_its_batch(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)

    with pytest.raises(RecordRefused):
        await store.add([record(), record(text="a\x00b")])

    assert (await transcript(store, organization_id)).total == 0
    assert (await counts(store, organization_id)).conversations == []


async def test_a_transcript_is_ordered_by_time_then_sequence_then_key(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    later = NOON + timedelta(microseconds=1)

    await store.add(
        [
            record(occurred_at=later, sequence=0, record_id="a", text="4"),
            record(occurred_at=NOON, sequence=2, record_id="a", text="3"),
            record(occurred_at=NOON, sequence=1, record_id="c", text="2", kind=BOT),
            record(occurred_at=NOON, sequence=1, record_id="b", text="1"),
        ]
    )

    lines = (await transcript(store, organization_id)).messages
    assert [line.text for line in lines] == ["1", "2", "3", "4"]
    assert [line.speaker for line in lines] == [Speaker.USER, Speaker.BOT, Speaker.USER, Speaker.USER]
    assert [line.occurred_at for line in lines] == [NOON, NOON, NOON, later]


async def test_a_transcript_comes_in_pages_and_knows_its_length(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    await store.add([record(text=str(number)) for number in range(7)])

    page = await transcript(store, organization_id, skip=2, limit=3)
    beyond = await transcript(store, organization_id, skip=9, limit=3)

    assert ([line.text for line in page.messages], page.total) == (["2", "3", "4"], 7)
    assert (list(beyond.messages), beyond.total) == ([], 7)


async def test_a_page_of_a_transcript_ends_where_its_texts_would_not_fit_into_an_answer(store: Store) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    size = MOST_TEXT_BYTES // 3 // len("é".encode())
    await store.add([record(text="é" * size, sequence=place) for place in range(5)])
    await store.add([record(text="x" * (MOST_TEXT_BYTES + 1), sequence=6)])

    pages = [await transcript(store, organization_id, skip=skip) for skip in (0, 3, 5)]

    assert [len(page.messages) for page in pages] == [3, 2, 1]
    assert {page.total for page in pages} == {6}


async def test_a_transcript_holds_only_messages_of_this_contact_and_flow(store: Store) -> None:
    organization_id, flow_id = uuid4(), uuid4()
    record = record_maker(organization_id)
    await store.add(
        [
            record(flow_id=flow_id, text="wanted", node_id="ask"),
            record(flow_id=uuid4(), text="another flow"),
            record(text="no flow"),
            record(flow_id=flow_id, phone_number="5521900000000"),
            record(flow_id=flow_id, phone_number=""),
            *(
                record(kind=kind, flow_id=flow_id)
                for kind in RecordKind
                if kind not in (RecordKind.CONTACT_MESSAGE, BOT)
            ),
            record_maker()(flow_id=flow_id, text="another organization"),
        ]
    )

    of_flow = await transcript(store, organization_id, flow_id=flow_id)
    of_all = await transcript(store, organization_id)

    assert [(line.text, line.node_id) for line in of_flow.messages] == [("wanted", "ask")]
    assert of_flow.total == 1
    assert [line.text for line in of_all.messages] == ["wanted", "another flow", "no flow"]


async def test_counts_are_busiest_first_then_by_id(store: Store) -> None:
    organization_id, flow_id = uuid4(), uuid4()
    busy, *quiet = uuid4(), *sorted((uuid4(), uuid4()), key=str)
    record = record_maker(organization_id)
    await store.add(
        [
            record(conversation_id=quiet[1], flow_id=flow_id, node_id="b"),
            record(conversation_id=quiet[0], flow_id=flow_id, node_id="B", kind=BOT),
            *(record(conversation_id=busy, flow_id=flow_id, node_id="z") for _ in range(3)),
        ]
    )

    found = await counts(store, organization_id)

    assert [count.conversation_id for count in found.conversations] == [busy, *quiet]
    assert [(count.node_id, count.messages) for count in found.nodes] == [
        ("z", Messages(contact=3)),
        ("B", Messages(bot=1)),
        ("b", Messages(contact=1)),
    ]
    assert [(count.flow_id, count.messages) for count in found.flows] == [(flow_id, Messages(contact=4, bot=1))]


async def test_counts_of_a_flow_leave_other_flows_out(store: Store) -> None:
    organization_id, conversation_id, one, other = uuid4(), uuid4(), uuid4(), uuid4()
    record = record_maker(organization_id)
    place = {"conversation_id": conversation_id, "node_id": "ask"}
    await store.add([record(**place, flow_id=one), record(**place, flow_id=other), record(**place)])

    of_one = await counts(store, organization_id, flow_id=one)
    of_all = await counts(store, organization_id)

    assert [count.messages for count in of_one.conversations] == [Messages(contact=1)]
    assert [count.flow_id for count in of_one.flows] == [one]
    assert [count.flow_id for count in of_one.nodes] == [one]
    assert [count.messages for count in of_all.conversations] == [Messages(contact=3)]
    assert {count.flow_id for count in of_all.flows} == {one, other}
    assert {count.flow_id for count in of_all.nodes} == {one, other, None}


async def test_only_the_busiest_conversations_are_given(store: Store) -> None:
    organization_id, busy = uuid4(), uuid4()
    record = record_maker(organization_id)
    await store.add([record(conversation_id=busy), record(conversation_id=busy)])
    await store.add([record(conversation_id=uuid4()) for _ in range(3)])

    found = await counts(store, organization_id, most_conversations=2)

    assert len(found.conversations) == 2
    assert found.conversations[0].conversation_id == busy


async def test_an_organization_without_records_has_empty_reports(store: Store) -> None:
    organization_id = uuid4()

    assert await counts(store, organization_id) == Counts([], [], [])
    assert await transcript(store, organization_id) == Transcript([], 0)


async def test_the_log_is_read_whole_or_what_was_said_or_what_one_contact_and_the_bot_said(store: Store) -> None:
    organization_id, flow_id = uuid4(), uuid4()
    record = record_maker(organization_id)
    other = record_maker(uuid4())
    await store.add(
        [
            record(record_id="asked", phone_number=PHONE),
            record(record_id="answered", kind=BOT, phone_number=PHONE, flow_id=flow_id),
            record(record_id="delivered", kind=RecordKind.DELIVERY, phone_number=PHONE, status="delivered"),
            record(record_id="somebody else", phone_number="5521912345678"),
            record(record_id="nobody", phone_number=""),
            other(record_id="another organization's", phone_number=PHONE),
        ]
    )

    assert len(await ids_of(store, organization_id)) == 5
    said = await ids_of(store, organization_id, Chosen(only_messages=True))
    assert set(said) == {"asked", "answered", "somebody else", "nobody"}
    assert set(await ids_of(store, organization_id, Chosen(PHONE))) == {"asked", "answered"}
    assert await ids_of(store, organization_id, Chosen(PHONE), flow_id=flow_id) == ["answered"]
    assert await ids_of(store, organization_id, Chosen("5500000000000", only_messages=True)) == []
