"""Recording batches, on a log in memory."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.analytics.usecases import Kept, Recording, Refused
from services.chassis.errors import InvalidArgument
from tests.fakes.analytics import MemoryStore, reports_on
from tests.fakes.analytics_records import NOON, record_maker


def recording_on(store: MemoryStore) -> Recording:
    return Recording(store, now=lambda: NOON)


async def test_a_repeat_is_told_apart_and_changes_nothing() -> None:
    store, record = MemoryStore(), record_maker()
    batch = [record(), record()]
    await recording_on(store).record(batch)
    before = dict(store.log)

    outcomes = await recording_on(store).record([batch[1], record(), batch[0]])

    assert outcomes == [Kept.REPEATED, Kept.NEW, Kept.REPEATED]
    assert {key: store.log[key] for key in before} == before


async def test_a_record_against_the_rules_costs_its_neighbours_nothing() -> None:
    store, record = MemoryStore(), record_maker()

    outcomes = await recording_on(store).record(
        [record(), record(occurred_at=NOON + timedelta(days=365)), record(record_id=""), record()]
    )

    assert [type(outcome) for outcome in outcomes] == [Kept, Refused, Refused, Kept]
    assert len(store.log) == 2


@pytest.mark.parametrize("place", range(7))
async def test_a_value_the_database_refuses_costs_its_neighbours_nothing(place: int) -> None:
    store, record = MemoryStore(), record_maker()
    batch = [record(text="\x00" if at == place else "fine") for at in range(7)]

    outcomes = await recording_on(store).record(batch)

    assert [isinstance(outcome, Refused) for outcome in outcomes] == [at == place for at in range(7)]
    assert len(store.log) == 6


async def test_good_records_go_to_the_store_as_one_batch() -> None:
    store, record = MemoryStore(), record_maker()

    await recording_on(store).record([record(), record(record_id=""), record()])

    assert store.batches == [2]


async def test_a_batch_without_a_good_record_asks_the_store_nothing() -> None:
    store = MemoryStore()

    await recording_on(store).record([record_maker()(record_id="")])

    assert store.batches == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"phone_number": ""}, "phone_number"),
        ({"skip": -1}, "skip"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
    ],
)
async def test_a_transcript_asked_for_wrongly_names_the_field(asked: dict[str, object], field: str) -> None:
    usual: dict[str, object] = {"phone_number": "5511912345678", "flow_id": None, "skip": 0, "limit": 10}

    with pytest.raises(InvalidArgument, match=field):
        await reports_on(MemoryStore()).transcript(organization_id=uuid4(), **(usual | asked))  # type: ignore[arg-type]
