"""Taking things out of a box before their time: only what is finished goes, and only of whom it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.db import Database
from services.chassis.errors import InvalidArgument
from services.chassis.queue import (
    EVER,
    Bell,
    Box,
    Cleared,
    Clearing,
    Finish,
    Item,
    Lanes,
    Receipts,
    Relay,
    StoredItem,
    are_at_rest,
    bundles_of,
    clear_bundles,
    counted,
    is_so,
    item_section,
    payloads_of,
    read_page,
)
from services.pb.common.v1 import results_pb2
from tests.fixtures.mailbox import BOX, Mailbox, item_of, lane_of_items
from tests.fixtures.servers import Database as OwnDatabase

CLEARING = Clearing(BOX)
RECORDS = Box("executor", "records")
Key = tuple[UUID, UUID]


def key_of(item: Item) -> Key:
    return item.group_id, item.lane_id


async def put_and_finish(mailbox: Mailbox, *items: Item) -> None:
    """Items that somebody has worked off."""
    await mailbox.put(*items)
    claims = await mailbox.lanes.claim()
    await mailbox.finish(*(Finish(claim, claim.until) for claim in claims))


async def clear(mailbox: Mailbox, *keys: Key, until: datetime = EVER) -> Cleared:
    """Lock, and remove what is finished."""
    removals = CLEARING.removing(keys, until)
    async with mailbox.database.journey(()) as journey:
        await journey.run([CLEARING.locking(keys)])
        return counted(removals, await journey.commit([step for _, step in removals]))


async def left(mailbox: Mailbox) -> list[str]:
    """The event ids of all items there are."""
    (rows,) = await mailbox.database.batch(
        (), [CLEARING.reading_items(await all_keys(mailbox), 0, 1000)], durable=False
    )
    return sorted(row[1] for row in rows)


async def all_keys(mailbox: Mailbox) -> list[Key]:
    with psycopg.connect(mailbox.superuser_url) as connection:
        return [
            (row[0], row[1]) for row in connection.execute("SELECT DISTINCT number_key, lane_id FROM ingress.out_item")
        ]


async def test_finished_items_dead_letters_and_the_empty_lane_go_and_a_neighbour_stays(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    (other,) = lane_of_items("other", group_id=one.group_id)
    await put_and_finish(mailbox, one, two, other)
    (dead,) = lane_of_items("dead", group_id=one.group_id)
    await mailbox.put(dead)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.bury(claim, claim.items[0], "broken")

    cleared = await clear(mailbox, key_of(one), key_of(dead))

    assert cleared.counts == {"ingress.out_item": 3, "ingress.out_dead": 1, "ingress.out_lane": 2}
    assert await left(mailbox) == ["other"]
    assert await mailbox.letters() == []
    assert (await clear(mailbox, key_of(one), key_of(dead))).counts == dict.fromkeys(cleared.counts, 0)


async def test_what_is_not_finished_stays_with_its_lane(mailbox: Mailbox) -> None:
    one, two, three = lane_of_items("one", "two", "three")
    await put_and_finish(mailbox, one)
    await mailbox.put(two, three)

    cleared = await clear(mailbox, key_of(one))

    assert cleared.counts == {"ingress.out_item": 1, "ingress.out_dead": 0, "ingress.out_lane": 0}
    (claim,) = await mailbox.lanes.claim()
    assert [item.event_id for item in claim.items] == ["two", "three"]


async def test_a_lane_that_was_removed_begins_anew_and_forgets_repeats_of_before(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await put_and_finish(mailbox, one)
    await clear(mailbox, key_of(one))

    assert await mailbox.put(one) == [True]
    (claim,) = await mailbox.lanes.claim()
    assert (claim.head, claim.tail, [item.event_id for item in claim.items]) == (0, 1, ["one"])


async def test_what_came_in_later_stays_and_so_does_its_lane(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    await put_and_finish(mailbox, one)
    (row,) = await mailbox.database.batch((), [CLEARING.reading_items([key_of(one)], 0, 1)])
    moment = row[0][2]
    await put_and_finish(mailbox, two)

    cleared = await clear(mailbox, key_of(one), until=moment)

    assert cleared.counts == {"ingress.out_item": 1, "ingress.out_dead": 0, "ingress.out_lane": 0}
    assert await left(mailbox) == ["two"]


async def test_a_lane_is_at_rest_when_nothing_is_in_it_and_nobody_holds_it(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)

    async def is_resting() -> tuple[bool, bool]:
        steps = [CLEARING.locking([key_of(one)]), CLEARING.asking_for_waiting([key_of(one)], EVER)]
        locked, waiting = await mailbox.database.batch((), steps)
        return are_at_rest(locked), is_so(waiting)

    assert await is_resting() == (False, True)
    (claim,) = await mailbox.lanes.claim()
    assert await is_resting() == (False, True)
    await mailbox.finish(Finish(claim, claim.until))
    assert await is_resting() == (True, False)


async def test_old_items_go_some_at_a_time_and_waiting_ones_stay(mailbox: Mailbox) -> None:
    group_id = uuid4()
    done = [item_of(group_id, uuid4(), f"done {n}") for n in range(3)]
    await put_and_finish(mailbox, *done)
    await mailbox.put(item_of(group_id, uuid4(), "waits"), item_of(uuid4(), uuid4(), "stranger"))
    soon = datetime.now(UTC) + timedelta(hours=1)

    async def expire(before: datetime) -> Cleared:
        removals = CLEARING.removing_older([group_id], before, limit=2)
        return counted(removals, await mailbox.database.batch((), [step for _, step in removals]), limit=2)

    assert (await expire(soon - timedelta(hours=2))).counts["ingress.out_item"] == 0
    first, second = await expire(soon), await expire(soon)

    assert [(each.counts["ingress.out_item"], each.cursor) for each in (first, second)] == [(2, "more"), (1, "")]
    assert await left(mailbox) == ["stranger", "waits"]


async def test_a_dead_letter_goes_that_only_says_in_its_content_whom_it_is_about(mailbox: Mailbox) -> None:
    group_id = uuid4()
    for name in ("about ana", "about bia"):
        await mailbox.put(item_of(group_id, uuid4(), name))
        (claim,) = await mailbox.lanes.claim()
        await mailbox.bury(claim, claim.items[0], "broken")

    table, step = CLEARING.removing_dead_with([group_id], [b"ana"], EVER)
    ((row,),) = await mailbox.database.batch((), [step])

    assert (table, row[0]) == ("ingress.out_dead", 1)
    assert [letter.event_id for letter in await mailbox.letters()] == ["about bia"]


async def test_items_and_dead_letters_are_told_page_by_page(mailbox: Mailbox) -> None:
    one, two, three = lane_of_items("one", "two", "three")
    await put_and_finish(mailbox, one, two, three)
    keys = [key_of(one)]
    sections = [
        item_section("item", lambda skip, limit: CLEARING.reading_items(keys, skip, limit)),
        item_section("dead", lambda skip, limit: CLEARING.reading_dead(keys, skip, limit)),
    ]
    pages = [await read_page(mailbox.database, uuid4(), sections, "", limit=2)]
    while pages[-1].cursor:
        pages.append(await read_page(mailbox.database, uuid4(), sections, pages[-1].cursor, limit=2))

    assert [[row.payload for row in page.rows] for page in pages] == [[b"one", b"two"], [b"three"]]
    assert await read_page(mailbox.database, uuid4(), sections, pages[0].rows[-1].after, limit=2) == pages[1]
    after_one = await read_page(mailbox.database, uuid4(), sections, pages[0].rows[0].after, limit=2)
    assert [row.payload for row in after_one.rows] == [b"two", b"three"]
    for cursor in ("9:0", "0", "x:y", "0:-1"):
        with pytest.raises(InvalidArgument, match="cursor is none"):
            await read_page(mailbox.database, uuid4(), sections, cursor)


async def test_what_a_callee_calls_erased_leaves_no_item(mailbox: Mailbox) -> None:
    one, two, three = lane_of_items("one", "erased", "three")

    async def deliver(items: list[StoredItem]) -> list[results_pb2.ItemResult]:
        outcomes = {"erased": results_pb2.ITEM_OUTCOME_ERASED}
        return [
            results_pb2.ItemResult(outcome=outcomes.get(item.event_id, results_pb2.ITEM_OUTCOME_OK)) for item in items
        ]

    bell = Bell()
    relay = Relay(mailbox.lanes, mailbox.database, bell, deliver)  # type: ignore[arg-type]  # lists are sequences
    await mailbox.put(one, two, three)
    bell.ring()
    await relay.start()
    async with asyncio.timeout(10):
        while (await mailbox.lane(*key_of(one)))[0] < 3:  # noqa: ASYNC110  # Postgres does not tell
            await asyncio.sleep(0.005)
    await relay.stop()

    assert await left(mailbox) == ["one", "three"]
    assert (await mailbox.lane(*key_of(one)))[:3] == (3, 3, False)


async def test_bundles_lose_what_is_one_persons_and_keep_what_is_others(module_database: OwnDatabase) -> None:
    database = await Database.open(module_database.url_of("executor"), size=2, name="clearing")
    lanes, clearing = Lanes(RECORDS, database), Clearing(RECORDS)
    group_id, lane_id, ana = uuid4(), uuid4(), b"ana"
    (mixed,) = bundles_of(group_id, lane_id, [b"of ana", b"of bia"])
    (own,) = bundles_of(group_id, lane_id, [b"of ana alone"])

    async def clear_ana(*, limit: int = 100) -> Cleared:
        async with database.journey([group_id]) as journey:
            cleared = await clear_bundles(journey, clearing, group_id, [ana], limit=limit)
            await journey.commit()
        return cleared

    async def enqueue(*items: Item) -> None:
        async with database.transaction([group_id]) as connection:
            await lanes.enqueue(connection, items)

    await enqueue(mixed, own)
    assert (await clear_ana()).waiting_for == "records on their way to analytics"
    (claim,) = await lanes.claim()
    async with database.transaction([group_id]) as connection:
        for item in claim.items:
            await lanes.bury(connection, claim, item, "refused")
        await lanes.finish(connection, [Finish(claim, claim.until)])
    first = await clear_ana(limit=1)
    again = await clear_ana(limit=3)

    assert (first.counts, first.cursor) == ({"executor.records_dead": 2}, "more")
    assert (again.counts, again.cursor) == ({"executor.records_dead": 0}, "")
    (letter,) = await lanes.dead_letters()
    stored = StoredItem(1, letter.event_id, letter.payload, letter.died_at)
    assert payloads_of(stored) == [b"of bia"]
    (rows,) = await database.batch([group_id], [clearing.reading_items([(group_id, lane_id)], 0, 10)])
    assert rows == []
    await database.close()


async def test_a_receipt_counts_what_a_transaction_removed_and_nothing_of_one_that_failed(
    module_database: OwnDatabase,
) -> None:
    database = await Database.open(module_database.url_of("executor"), size=2, name="clearing")
    receipts, organization_id, job_id = Receipts("executor"), uuid4(), uuid4()

    async def note(counts: dict[str, int], job: UUID = job_id) -> Cleared:
        async with database.journey([organization_id]) as journey:
            return await receipts.commit(journey, organization_id, job, Cleared(counts, cursor="on"))

    assert (await note({"a": 2, "b": 0})).counts == {"a": 2}
    assert await note({"a": 1, "b": 5}) == Cleared({"a": 3, "b": 5}, cursor="on")
    assert (await note({})).counts == {"a": 3, "b": 5}
    assert (await note({"a": 1}, uuid4())).counts == {"a": 1}
    await database.close()
