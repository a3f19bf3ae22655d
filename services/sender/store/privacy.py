"""What sender keeps of people: emptied, told, let go of.

A message's row stays, emptied of recipient, conversation and Meta's ids (its text lies in the inbox, and goes): how
many left a number, when, and what became of them is the business's own account, and a status that still comes (read a
week later) must meet something that says it is not to be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.chassis.db import Database, Query, Step
from services.chassis.queue import (
    EVER,
    MORE,
    Box,
    Cleared,
    Clearing,
    Page,
    Receipts,
    Removal,
    are_at_rest,
    clear_bundles,
    counted,
    item_section,
    json_section,
    read_page,
)
from services.chassis.sealing import NameHasher
from services.sender.ports import Erasure
from services.sender.store.campaigns.privacy import EMPTY_PLACES, EXPIRE_PLACES, HOLD_CAMPAIGNS, READ_PLACES
from services.sender.store.webhooks import lane_of

ROWS_AT_ONCE = 2000
_WAITING = "messages that are on their way, or wait for the number's token, or for a status, or to be told to webhooks"

_MINE = "organization_id = %(organization)b::uuid"

_REMEMBER = Query("""
    INSERT INTO sender.erased_recipient AS e (organization_id, identity_hash, erased_at)
    SELECT %(organization)b::uuid, h, %(erased_at)b::timestamptz FROM unnest(%(hashes)b::bytea[]) h ORDER BY 2
    ON CONFLICT (organization_id, identity_hash) DO UPDATE SET erased_at = excluded.erased_at
    WHERE e.erased_at < excluded.erased_at""")

# The conditions of the lists' partial indexes; the one on created_at holds for every message.
_LISTED = "created_at > '2000-01-01Z' AND erased_at IS NULL"
_OF_LANES = f"{_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) AND {_LISTED}"

# Who turns changes into calls of webhooks holds this, and sees what is erased once it has it again.
_LOCK_FEED = Query(f"SELECT 1 FROM sender.webhook_feed WHERE {_MINE} FOR UPDATE")
_READ_WEBHOOKS = Query(f"SELECT webhook_id FROM sender.webhook WHERE {_MINE}")

# Messages before lanes, as statuses and turns lock them.
_LOCK_MESSAGES = Query(f"""
    SELECT message_id, wamids FROM sender.message WHERE {_OF_LANES} ORDER BY organization_id, message_id FOR UPDATE""")
_EMPTY = """erased_at = now(), recipient_wa_id = '', recipient_user_id = '', wamids = '{}', error_text = '',
        lane_id = '00000000-0000-0000-0000-000000000000'"""
_EMPTY_MESSAGES = Query(f"""
    WITH gone AS (
      UPDATE sender.message SET {_EMPTY} WHERE {_MINE} AND message_id = ANY (%(messages)b::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone""")
_REMOVE_PAIRS = Query(f"""
    WITH gone AS (DELETE FROM sender.pair WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone""")

_REMOVE_DEFERRED = Query(f"""
    WITH gone AS (DELETE FROM sender.deferred WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone""")
_REMOVE_OPT_OUTS = Query(f"""
    WITH gone AS (
      DELETE FROM sender.opt_out
      WHERE {_MINE} AND recipient = ANY (%(names)b::text[]) AND said_at <= %(erased_at)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone""")

# Other numbers of the same people, and what is kept under them, go with them.
_READ_ALIASES = Query(f"SELECT other FROM sender.alias WHERE {_MINE} AND recipient = ANY (%(names)b::text[])")
_REMOVE_ALIASES = Query(f"""
    WITH gone AS (
      DELETE FROM sender.alias
      WHERE {_MINE} AND (recipient = ANY (%(names)b::text[]) OR other = ANY (%(names)b::text[])) RETURNING 1)
    SELECT count(*) FROM gone""")


def _forget_reached(whose: str) -> Query:
    """Removes people a portfolio reached, and counts them no more."""
    return Query(f"""
    WITH gone AS (DELETE FROM sender.reached WHERE {_MINE} AND {whose} RETURNING portfolio_id),
    counted AS (
      UPDATE sender.reached_count c SET users = greatest(c.users - g.users, 0)
      FROM (SELECT portfolio_id, count(*)::int AS users FROM gone GROUP BY 1) g
      WHERE c.organization_id = %(organization)b::uuid AND c.portfolio_id = g.portfolio_id)
    SELECT count(*) FROM gone""")


_REMOVE_REACHED = _forget_reached("recipient = ANY (%(names)b::text[])")
_EXPIRE_REACHED = _forget_reached("reached_at < least(%(before)b::timestamptz, now() - interval '1 day')")

# What no message is known for names nobody but in Meta's id itself, which holds the number.
_GIVEN_AWAY = "EXISTS (SELECT 1 FROM unnest(%(parts)b::text[]) p WHERE strpos(wamid, p) > 0)"
_REMOVE_PARKED = Query(f"""
    WITH gone AS (
      DELETE FROM sender.parked_status
      WHERE {_MINE} AND (wamid = ANY (%(wamids)b::text[]) OR {_GIVEN_AWAY}) RETURNING 1)
    SELECT count(*) FROM gone""")
_REMOVE_WAMIDS = Query(f"""
    WITH theirs AS MATERIALIZED (
      SELECT unnest(%(wamids)b::text[]) AS wamid
      UNION SELECT wamid FROM sender.message_wamid WHERE {_MINE} AND message_id IS NULL AND {_GIVEN_AWAY}),
    gone AS (
      DELETE FROM sender.message_wamid w USING theirs t
      WHERE w.organization_id = %(organization)b::uuid AND w.wamid = t.wamid RETURNING 1)
    SELECT count(*) FROM gone""")

_READ_MESSAGES = Query(f"""
    SELECT json_build_object('message_id', message_id, 'conversation_id', lane_id, 'phone_number_id', phone_number_id,
      'recipient_phone_number', recipient_wa_id, 'recipient_user_id', recipient_user_id, 'flow_id', flow_id,
      'node_id', node_id, 'state', state, 'status', status, 'attempts', attempts, 'meta_ids', wamids,
      'error_code', error_code, 'error', error_text, 'created_at', created_at, 'accepted_at', accepted_at,
      'pricing_category', pricing_category, 'pricing_type', pricing_type, 'campaign_id', campaign_id)
    FROM sender.message WHERE {_OF_LANES}
    ORDER BY created_at, message_id OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
_READ_PAIRS = Query(f"""
    SELECT json_build_object('conversation_id', lane_id, 'used_until', used_until)
    FROM sender.pair WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[])
    ORDER BY lane_id OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")

_READ_OPT_OUTS = Query(f"""
    SELECT json_build_object('recipient', recipient, 'kind', kind, 'wants_none', is_out, 'said_at', said_at,
      'source', source)
    FROM sender.opt_out WHERE {_MINE} AND recipient = ANY (%(names)b::text[])
    ORDER BY recipient, kind OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")

_READ_OTHER_NUMBERS = Query(f"""
    SELECT json_build_object('phone_number', recipient, 'other_phone_number', other)
    FROM sender.alias WHERE {_MINE} AND recipient = ANY (%(names)b::text[])
    ORDER BY recipient, other OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")

_EXPIRE_MESSAGES = Query(f"""
    WITH old AS MATERIALIZED (
      SELECT organization_id, message_id, wamids FROM sender.message
      WHERE {_MINE} AND {_LISTED} AND created_at < %(before)b::timestamptz AND state IN ('accepted', 'failed')
      ORDER BY created_at LIMIT %(limit)b::bigint FOR UPDATE SKIP LOCKED),
    named AS (
      DELETE FROM sender.message_wamid w USING old o, unnest(o.wamids) v
      WHERE (w.organization_id, w.wamid) = (o.organization_id, v) RETURNING 1),
    emptied AS (
      UPDATE sender.message m SET {_EMPTY} FROM old o
      WHERE (m.organization_id, m.message_id) = (o.organization_id, o.message_id) RETURNING 1)
    SELECT (SELECT count(*) FROM emptied), (SELECT count(*) FROM named)""")
_EXPIRE_PARKED = Query(f"""
    WITH gone AS (
      DELETE FROM sender.parked_status
      WHERE {_MINE} AND parked_at > '2000-01-01Z' AND parked_at < %(before)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone""")
_EXPIRE_STRANGERS = Query(f"""
    WITH gone AS (
      DELETE FROM sender.message_wamid w WHERE {_MINE} AND message_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM sender.parked_status p WHERE (p.organization_id, p.wamid) = (w.organization_id, w.wamid))
      RETURNING 1)
    SELECT count(*) FROM gone""")
_EXPIRE_PAIRS = Query(f"""
    WITH gone AS (
      DELETE FROM sender.pair WHERE {_MINE} AND used_until < %(before)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone""")


_REMOVE_FILES = Query(f"""
    WITH gone AS (
      DELETE FROM sender.received_media WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) RETURNING media_id),
    not_due AS (DELETE FROM sender.received_media_due d USING gone g
      WHERE d.organization_id = %(organization)b::uuid AND d.media_id = g.media_id)
    SELECT count(*) FROM gone""")
_READ_FILES = Query(f"""
    SELECT json_build_object('media_id', media_id, 'conversation_id', lane_id, 'phone_number_id', phone_number_id,
      'kind', kind, 'mime_type', mime_type, 'state', state, 'size', size, 'sha256', encode(sha256, 'hex'),
      'received_at', received_at)
    FROM sender.received_media WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[])
    ORDER BY received_at, media_id OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
# Where something still lies in the store of files, the row that knows of it stays.
_EXPIRE_FILES = Query(f"""
    WITH old AS MATERIALIZED (
      SELECT media_id FROM sender.received_media
      WHERE {_MINE} AND received_at < %(before)b::timestamptz AND state <> 'pending' AND object_key = ''
      ORDER BY received_at LIMIT %(limit)b::bigint),
    gone AS (DELETE FROM sender.received_media m USING old o
      WHERE m.organization_id = %(organization)b::uuid AND m.media_id = o.media_id RETURNING 1)
    SELECT count(*) FROM gone""")
_EXPIRE_UPLOADS = Query(f"""
    WITH gone AS (
      DELETE FROM sender.media_upload
      WHERE {_MINE} AND claimed_until < least(%(before)b::timestamptz, now() - interval '30 days') RETURNING 1)
    SELECT count(*) FROM gone""")


class PostgresPrivacy:
    """See ports.Privacy."""

    def __init__(self, database: Database, names: NameHasher) -> None:
        self._database = database
        self._names = names
        self._inbox, self._records = Clearing(Box("sender", "inbox")), Clearing(Box("sender", "records"))
        self._failures, self._calls = Clearing(Box("sender", "failures")), Clearing(Box("sender", "hooks"))
        self._receipts = Receipts("sender")

    async def erase(self, *, organization_id: UUID, job_id: UUID, erasure: Erasure) -> Cleared:
        """See ports.Privacy."""
        await self._remember(organization_id, erasure)
        cleared = await self._empty(organization_id, job_id, erasure)
        if cleared.waiting_for:
            return cleared
        needles = [str(conversation_id).encode() for conversation_id in erasure.conversation_ids]
        async with self._database.journey([organization_id]) as journey:
            records = await clear_bundles(journey, self._records, organization_id, needles, limit=ROWS_AT_ONCE)
            return await self._receipts.commit(journey, organization_id, job_id, records)

    async def page(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], names: Sequence[str], cursor: str
    ) -> Page:
        """See ports.Privacy."""
        keys = [(organization_id, conversation_id) for conversation_id in conversation_ids]

        def reading(query: Query, skip: int, limit: int) -> Step:
            whose = {"organization": organization_id, "lanes": sorted(conversation_ids), "names": sorted(set(names))}
            return query, {**whose, "skip": skip, "limit": limit}

        sections = [
            json_section("message", partial(reading, _READ_MESSAGES)),
            json_section("pair_limit", partial(reading, _READ_PAIRS)),
            json_section("received_file", partial(reading, _READ_FILES)),
            json_section("opt_out", partial(reading, _READ_OPT_OUTS)),
            json_section("other_phone_number", partial(reading, _READ_OTHER_NUMBERS)),
            json_section("campaign_recipient", partial(reading, READ_PLACES)),
            item_section("message_content", partial(self._inbox.reading_items, keys)),
            item_section("dead_message", partial(self._inbox.reading_dead, keys)),
        ]
        return await read_page(self._database, organization_id, sections, cursor)

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """See ports.Privacy."""
        values = {"organization": organization_id, "before": before, "limit": ROWS_AT_ONCE}
        removals: list[Removal] = [
            ("sender.parked_status", (_EXPIRE_PARKED, values)),
            ("sender.message_wamid", (_EXPIRE_STRANGERS, values)),
            ("sender.pair", (_EXPIRE_PAIRS, values)),
            ("sender.received_media", (_EXPIRE_FILES, values)),
            ("sender.media_upload", (_EXPIRE_UPLOADS, values)),
            ("sender.reached", (_EXPIRE_REACHED, values)),
        ]
        for box in (self._inbox, self._failures, self._calls, self._records):
            removals += box.removing_older([organization_id], before, limit=ROWS_AT_ONCE)
        steps = [(EXPIRE_PLACES, values), (_EXPIRE_MESSAGES, values), *(step for _, step in removals)]
        async with self._database.journey([organization_id]) as journey:
            ((places,),), ((emptied, named),), *rows = await journey.run(steps)
            counts = {"sender.campaign_recipient": places, "sender.message": emptied, "sender.message_wamid": named}
            # Places are of one campaign: there may be another.
            is_more = places > 0 or emptied == ROWS_AT_ONCE
            cleared = counted(removals, rows, limit=ROWS_AT_ONCE).and_also(
                Cleared(counts, cursor=MORE if is_more else "")
            )
            return await self._receipts.commit(journey, organization_id, job_id, cleared)

    async def _remember(self, organization_id: UUID, erasure: Erasure) -> None:
        """From here on a status to one of these names is not kept, whatever it is about."""
        hashes = [
            *(self._names.hash_of(organization_id, "wa_id", value) for value in erasure.wa_ids),
            *(self._names.hash_of(organization_id, "user_id", value) for value in erasure.user_ids),
        ]
        values = {"organization": organization_id, "hashes": hashes, "erased_at": erasure.erased_at}
        await self._database.batch([organization_id], [(_REMEMBER, values)])

    async def _empty(self, organization_id: UUID, job_id: UUID, erasure: Erasure) -> Cleared:
        keys = [(organization_id, lane_id) for lane_id in erasure.conversation_ids]
        values = {
            "organization": organization_id,
            "lanes": sorted(erasure.conversation_ids),
            "parts": list(erasure.wamid_parts),
            "names": [*erasure.wa_ids, *erasure.user_ids],
            "erased_at": erasure.erased_at,
        }
        async with self._database.journey([organization_id]) as journey:
            _, _, webhooks, others = await journey.run([
                (_LOCK_FEED, values), (HOLD_CAMPAIGNS, values), (_READ_WEBHOOKS, values), (_READ_ALIASES, values)
            ])  # fmt: skip
            calls = [(organization_id, lane_of(row[0], each)) for row in webhooks for each in erasure.conversation_ids]
            boxes = ((self._inbox, keys), (self._failures, keys), (self._calls, calls))
            locking = [box.locking(of_box) for box, of_box in boxes]
            messages, *lanes = await journey.run([(_LOCK_MESSAGES, values), *locking])
            if not all(are_at_rest(each) for each in lanes):
                return Cleared(waiting_for=_WAITING)
            values |= {
                "names": [*erasure.wa_ids, *erasure.user_ids, *(row[0] for row in others)],
                "messages": [row[0] for row in messages],
                "wamids": [wamid for row in messages for wamid in row[1]],
            }
            removals = [
                ("sender.message", (_EMPTY_MESSAGES, values)),
                ("sender.message_wamid", (_REMOVE_WAMIDS, values)),
                ("sender.parked_status", (_REMOVE_PARKED, values)),
                ("sender.pair", (_REMOVE_PAIRS, values)),
                ("sender.received_media", (_REMOVE_FILES, values)),
                ("sender.campaign_recipient", (EMPTY_PLACES, values)),
                ("sender.deferred", (_REMOVE_DEFERRED, values)),
                ("sender.opt_out", (_REMOVE_OPT_OUTS, values)),
                ("sender.alias", (_REMOVE_ALIASES, values)),
                ("sender.reached", (_REMOVE_REACHED, values)),
                *(removal for box, of_box in boxes for removal in box.removing(of_box, EVER)),
            ]
            cleared = counted(removals, await journey.run([step for _, step in removals]))
            return await self._receipts.commit(journey, organization_id, job_id, cleared)
