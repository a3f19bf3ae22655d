"""Lanes' turns: outcomes in, permissions out, in one transaction of two journeys for all lanes that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.chassis import metrics as house_metrics
from services.chassis.db import Rows, Step, Transaction
from services.chassis.queue import Claim, Lanes
from services.sender.domain.answers import Accepted
from services.sender.domain.message import Key, key_of
from services.sender.domain.settling import Lost, PairLimit, Released, Settled, Turn, settle
from services.sender.ports import Settlement
from services.sender.store import statements
from services.sender.store.consent import Words, reading_opt_outs
from services.sender.store.rows import Changes, Ids, Named, Telling, locking, message_of, naming

LeaseKey = tuple[int, int, int]
ClaimedTurn = tuple[Claim, Turn]
Moved = tuple[Claim, Settled]


async def settle_turns(
    journey: Transaction,
    turns: Sequence[ClaimedTurn],
    *,
    inbox: Lanes,
    tell: Telling,
    limit: PairLimit,
) -> tuple[list[Settlement], Changes]:
    """Lock what the turns touch (messages, then lanes), decide, write."""
    # An acceptance counts whatever else is decided (settling.apply_outcome), so its id can be noted before.
    named = _accepted(turns)
    asking = reading_opt_outs([(claim.group_id, turn.wish) for claim, turn in turns if turn.wish is not None])
    locked, lanes, *parked = await journey.run([
        locking([ids for claim, turn in turns for ids in _message_ids(claim, turn)]),
        _locking_lanes([claim for claim, _ in turns]),
        *(naming(named) if named else ()),
        *asking,
    ])  # fmt: skip
    words = Words(parked.pop() if asking else [])
    changes = Changes({message.key: message for message in map(message_of, locked)})
    held = {(row[0].int, row[1].int, row[2].int): (row[3], row[5]) for row in lanes}
    now = lanes[0][4] if lanes else 0.0
    decided = [
        _decide(claim, _judged(claim, turn, words), changes, held=held.get(_lease_key(claim)), now=now, limit=limit)
        for claim, turn in turns
    ]
    if parked:
        changes.put_parked(named, parked[1])
    for claim, turn in turns:
        _note_alias(claim, turn, changes)
    moved = [
        (claim, settled)
        for (claim, _), settled in zip(turns, decided, strict=True)
        if not isinstance(settled.verdict, Lost)
    ]
    if len(moved) < len(turns):
        house_metrics.lane_fenced_total.labels(inbox.box.path).inc(len(turns) - len(moved))
    moving = moving_lanes(moved, lease_seconds=inbox.lease_seconds)
    before = [*changes.writing(), *marking_pairs(moved), *deferring(moved)]
    rows = await journey.commit([*before, *moving, *tell.steps(changes.deliveries)])
    ready = ready_lanes(rows[len(before)]) if moving else set()
    return [
        Settlement(settled.verdict, key_of(claim.group_id, claim.lane_id) in ready)
        for settled, (claim, _) in zip(decided, turns, strict=True)
    ], changes


def marking_pairs(moved: Sequence[Moved]) -> list[Step]:
    """The step that notes pairs' marks, if any moved."""
    marked = [(claim, settled.pair_ahead) for claim, settled in moved if settled.pair_ahead is not None]
    if not marked:
        return []
    values = {
        "groups": [claim.group_id for claim, _ in marked],
        "lanes": [claim.lane_id for claim, _ in marked],
        "ahead": [ahead for _, ahead in marked],
    }
    return [(statements.MARK_PAIRS, values)]


def deferring(moved: Sequence[Moved]) -> list[Step]:
    """The step that notes messages whose lanes go on without them, if there are any."""
    deferred = [(claim, deferral) for claim, settled in moved for deferral in settled.deferrals]
    if not deferred:
        return []
    values = {
        "groups": [claim.group_id for claim, _ in deferred],
        "ids": [deferral.message_id for _, deferral in deferred],
        "lanes": [claim.lane_id for claim, _ in deferred],
        "waits": [deferral.seconds for _, deferral in deferred],
        "templates": [deferral.template for _, deferral in deferred],
        "in_order": [deferral.is_in_order for _, deferral in deferred],
    }
    return [(statements.DEFER, values)]


def moving_lanes(moved: Sequence[Moved], *, lease_seconds: float) -> list[Step]:
    """The step that moves heads and leases of held lanes, if there are any (`ready_lanes` reads its rows)."""
    if not moved:
        return []
    values = {
        "groups": [claim.group_id for claim, _ in moved],
        "lanes": [claim.lane_id for claim, _ in moved],
        "tokens": [claim.token for claim, _ in moved],
        "heads": [settled.head for _, settled in moved],
        "kept": [settled.is_kept for _, settled in moved],
        "waits": [_wait(settled) for _, settled in moved],
        "notes": [(settled.note or "").replace("\x00", " ") for _, settled in moved],
        "lease": lease_seconds,
    }
    return [(statements.MOVE_LANES, values)]


def ready_lanes(rows: Rows) -> set[Key]:
    """Of the moved lanes those that may be claimed again at once."""
    return {key_of(row[0], row[1]) for row in rows if row[2]}


def _decide(
    claim: Claim, turn: Turn, changes: Changes, *, held: tuple[float, bool] | None, now: float, limit: PairLimit
) -> Settled:
    """Settle one turn on the rows as the turns before it left them.

    `held` is how far the pair's mark lies ahead and whether messages stepped aside; None for a lost lease.
    """
    keys = {message_id: key_of(group_id, message_id) for group_id, message_id in _message_ids(claim, turn)}
    found = {message_id: changes.current(key) for message_id, key in keys.items() if key in changes.found}
    pair_ahead, is_behind = held or (0.0, False)
    settled = settle(
        turn, found, is_held=held is not None, pair_ahead=pair_ahead, now=now, limit=limit, is_behind=is_behind
    )
    for row in settled.rows:
        changes.put(row)
    return settled


def _note_alias(claim: Claim, turn: Turn, changes: Changes) -> None:
    if turn.outcome is None or not isinstance(turn.outcome.answer, Accepted):
        return
    key = key_of(claim.group_id, turn.outcome.message_id)
    if key in changes.found:
        changes.put_alias(key, turn.outcome.answer.wa_id)


def _judged(claim: Claim, turn: Turn, words: Words) -> Turn:
    return turn if turn.wish is None else replace(turn, wish=words.judge(claim.group_id, turn.wish))


def _accepted(turns: Sequence[ClaimedTurn]) -> Named:
    return {
        (claim.group_id, turn.outcome.answer.wamid): turn.outcome.message_id
        for claim, turn in turns
        if turn.outcome is not None and isinstance(turn.outcome.answer, Accepted)
    }


def _message_ids(claim: Claim, turn: Turn) -> list[Ids]:
    parts = [turn.outcome, turn.wish]
    return [(claim.group_id, part.message_id) for part in parts if part is not None]


def _lease_key(claim: Claim) -> LeaseKey:
    # With the token: a process may hold a lane anew while an old walk of its own still waits for an answer.
    return claim.group_id.int, claim.lane_id.int, claim.token.int


def _locking_lanes(claims: Sequence[Claim]) -> Step:
    """The lanes still held, with how far their pair's mark lies ahead, the database's time, and who stepped aside."""
    return statements.LOCK_LANES, {
        "groups": [claim.group_id for claim in claims],
        "lanes": [claim.lane_id for claim in claims],
        "tokens": [claim.token for claim in claims],
    }


def _wait(settled: Settled) -> float:
    return (settled.verdict.wait or 0.0) if isinstance(settled.verdict, Released) else 0.0
