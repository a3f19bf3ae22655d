"""New messages: stored to be claimed later, or stored, held and permitted to leave in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.chassis.db import Step, Transaction
from services.chassis.queue import Claim, Item, Lanes
from services.sender.domain.message import Key, Message, key_of
from services.sender.domain.settling import PairLimit, Released, Settled, Turn, Wish, settle
from services.sender.ports import Departure, NewMessage, Settlement
from services.sender.store import statements
from services.sender.store.consent import Words, reading_opt_outs
from services.sender.store.rows import Changes, Telling
from services.sender.store.turns import Moved, deferring, marking_pairs, moving_lanes, ready_lanes

# A lane brings this many messages at most before others get their turn.
PER_LANE = 16


async def add_messages(journey: Transaction, messages: Sequence[NewMessage], *, inbox: Lanes) -> list[bool]:
    """Store messages at the ends of their lanes; tells which are new."""
    (rows,) = await journey.run([(statements.ADD_MESSAGES, _message_values(messages))])
    fresh = {key_of(row[0], row[1]) for row in rows}
    is_new = []
    for message in messages:
        is_new.append(message.key in fresh)
        fresh.discard(message.key)
    items = [_item(message) for message, new in zip(messages, is_new, strict=True) if new]
    await journey.commit(inbox.enqueueing(items).steps)
    return is_new


async def add_and_depart(
    journey: Transaction,
    messages: Sequence[NewMessage],
    wishes: Mapping[Key, Wish],
    *,
    inbox: Lanes,
    tell: Telling,
    limit: PairLimit,
) -> tuple[list[bool], list[Departure], Changes]:
    """Store messages, hold the lanes that were idle, decide on the wishes for their first messages.

    Raises psycopg.errors.UniqueViolation when a message is older than what its lane remembers; then nothing happened.
    """
    holding = inbox.holding([_item(message) for message in messages])
    asking = reading_opt_outs([(m.organization_id, wishes[m.key]) for m in messages if m.key in wishes])
    *rows, pairs = await journey.run([*holding.steps, *asking, _reading_pairs(messages, wishes)])
    words = Words(rows.pop() if asking else [])
    is_new = holding.read(rows)
    fresh = [message for message, new in zip(messages, is_new, strict=True) if new]
    by_event = {(message.organization_id.int, str(message.message_id)): message for message in fresh}
    changes = Changes({message.key: _queued(message) for message in fresh})
    ahead = {key_of(row[0], row[1]): (row[2], row[4]) for row in pairs}
    now = pairs[0][3] if pairs else 0.0
    departing: list[tuple[Claim, Settled | None]] = []
    repeated: list[Moved] = []
    for claim in map(_shortened, holding.claims(rows)):
        if not claim.items:
            repeated.append((claim, Settled(Released(None), claim.until)))
            continue
        message = by_event[claim.group_id.int, claim.items[0].event_id]
        wish = wishes.get(message.key)
        settled = None
        if wish is not None:
            placed = replace(words.judge(claim.group_id, wish), position=claim.place_of(0))
            pair_ahead, is_behind = ahead[message.lane]
            settled = settle(
                Turn(claim.head, wish=placed),
                {message.message_id: changes.found[message.key]},
                is_held=True, pair_ahead=pair_ahead, now=now, limit=limit, is_behind=is_behind,
            )  # fmt: skip
            for row in settled.rows:
                changes.put(row)
        departing.append((claim, settled))
    decided = [(claim, settled) for claim, settled in departing if settled is not None]
    # A kept lane stands as it should: its lease is as old as this transaction.
    released = [(claim, settled) for claim, settled in decided if not settled.is_kept]
    before = [*_adding(fresh, changes), *marking_pairs(decided), *deferring(decided)]
    moving = moving_lanes([*released, *repeated], lease_seconds=inbox.lease_seconds)
    written = await journey.commit([*before, *moving, *tell.steps(changes.deliveries)])
    ready = ready_lanes(written[len(before)]) if moving else set()
    departures = [Departure(claim, _settlement(claim, settled, ready)) for claim, settled in departing]
    return is_new, departures, changes


def _settlement(claim: Claim, settled: Settled | None, ready: set[Key]) -> Settlement | None:
    if settled is None:
        return None
    return Settlement(settled.verdict, key_of(claim.group_id, claim.lane_id) in ready)


def _reading_pairs(messages: Sequence[NewMessage], wishes: Mapping[Key, Wish]) -> Step:
    wished = list({message.lane: message for message in messages if message.key in wishes}.values())
    values = {"groups": [m.organization_id for m in wished], "lanes": [m.lane_id for m in wished]}
    return statements.READ_PAIRS, values


def _adding(fresh: Sequence[NewMessage], changes: Changes) -> list[Step]:
    if not fresh:
        return []
    decided = [changes.current(message.key) for message in fresh]
    values = {
        **_message_values(fresh),
        "states": [row.state for row in decided],
        "attempts": [row.attempts for row in decided],
        "codes": [row.error_code for row in decided],
        "errors": [row.error_text.replace("\x00", " ") for row in decided],
        "actions": [row.error_action for row in decided],
        "nows": [row.is_attempted_now for row in decided],
    }
    return [(statements.ADD_DECIDED, values)]


def _shortened(claim: Claim) -> Claim:
    if len(claim.items) <= PER_LANE:
        return claim
    items = claim.items[:PER_LANE]
    return replace(claim, items=items, until=items[-1].position)


def _queued(message: NewMessage) -> Message:
    return Message(
        organization_id=message.organization_id,
        message_id=message.message_id,
        lane_id=message.lane_id,
        phone_number_id=message.phone_number_id,
        recipient_wa_id=message.recipient_wa_id,
        flow_id=message.flow_id,
        node_id=message.node_id,
        campaign_id=message.campaign_id,
        campaign_try=message.campaign_try,
    )


def _message_values(messages: Sequence[NewMessage]) -> dict[str, object]:
    return {
        "groups": [message.organization_id for message in messages],
        "ids": [message.message_id for message in messages],
        "lanes": [message.lane_id for message in messages],
        "numbers": [message.phone_number_id for message in messages],
        "wa_ids": [message.recipient_wa_id for message in messages],
        "user_ids": [message.recipient_user_id for message in messages],
        "flows": [message.flow_id for message in messages],
        "nodes": [message.node_id for message in messages],
        "campaigns": [message.campaign_id for message in messages],
        "tries": [message.campaign_try or None for message in messages],
    }


def _item(message: NewMessage) -> Item:
    return Item(message.organization_id, message.lane_id, str(message.message_id), message.payload)
