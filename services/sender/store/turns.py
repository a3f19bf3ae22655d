"""Lanes' turns: outcomes in, permissions out, in one transaction for all lanes that wait."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis import metrics as house_metrics
from services.chassis.db import Connection, fetch_all, run
from services.chassis.queue import Claim, Lanes
from services.sender.domain.settling import Lost, PairLimit, Released, Settled, Turn, settle
from services.sender.ports import Settlement
from services.sender.store import statements
from services.sender.store.rows import Changes, Encode, lock_messages

Key = tuple[UUID, UUID]
LeaseKey = tuple[UUID, UUID, UUID]
ClaimedTurn = tuple[Claim, Turn]


async def settle_turns(
    connection: Connection,
    turns: Sequence[ClaimedTurn],
    *,
    inbox: Lanes,
    records: Lanes,
    encode: Encode,
    limit: PairLimit,
) -> tuple[list[Settlement], Changes]:
    """Lock what the turns touch (messages, then lanes), decide, write. The caller's transaction is durable."""
    keys = [key for claim, turn in turns for key in _message_keys(claim, turn)]
    changes = Changes(await lock_messages(connection, keys))
    held, now = await _lock_lanes(connection, [claim for claim, _ in turns])
    decided = [
        _decide(claim, turn, changes, pair_ahead=held.get(_lease_key(claim)), now=now, limit=limit)
        for claim, turn in turns
    ]
    await changes.write(connection)
    ready = await _move_lanes(connection, turns, decided, lease_seconds=inbox.lease_seconds)
    await changes.record(connection, records, encode)
    lost = sum(isinstance(settled.verdict, Lost) for settled in decided)
    if lost:
        house_metrics.lane_fenced_total.labels(inbox.box.path).inc(lost)
    return [
        Settlement(settled.verdict, (claim.group_id, claim.lane_id) in ready)
        for settled, (claim, _) in zip(decided, turns, strict=True)
    ], changes


def _decide(
    claim: Claim, turn: Turn, changes: Changes, *, pair_ahead: float | None, now: float, limit: PairLimit
) -> Settled:
    """Settle one turn on the rows as the turns before it left them; `pair_ahead` is None for a lost lease."""
    found = {key[1]: changes.current(key) for key in _message_keys(claim, turn) if key in changes.found}
    settled = settle(turn, found, is_held=pair_ahead is not None, pair_ahead=pair_ahead or 0.0, now=now, limit=limit)
    for row in settled.rows:
        changes.put(row)
    return settled


def _message_keys(claim: Claim, turn: Turn) -> list[Key]:
    parts = [turn.outcome, turn.wish]
    return [(claim.group_id, part.message_id) for part in parts if part is not None]


def _lease_key(claim: Claim) -> LeaseKey:
    # With the token: a process may hold a lane anew while an old walk of its own still waits for an answer.
    return claim.group_id, claim.lane_id, claim.token


async def _lock_lanes(connection: Connection, claims: Sequence[Claim]) -> tuple[dict[LeaseKey, float], float]:
    """The lanes still held, with how far their pair's mark lies ahead; and the database's time."""
    values = {
        "groups": [claim.group_id for claim in claims],
        "lanes": [claim.lane_id for claim in claims],
        "tokens": [claim.token for claim in claims],
    }
    rows = await fetch_all(connection, statements.LOCK_LANES, values)
    return {(row[0], row[1], row[2]): row[3] for row in rows}, rows[0][4] if rows else 0.0


async def _move_lanes(
    connection: Connection, turns: Sequence[ClaimedTurn], decided: Sequence[Settled], *, lease_seconds: float
) -> set[tuple[UUID, UUID]]:
    """Move heads and leases of held lanes and note pair marks; gives the lanes that are ready again."""
    moved = [
        (claim, settled)
        for (claim, _), settled in zip(turns, decided, strict=True)
        if not isinstance(settled.verdict, Lost)
    ]
    if not moved:
        return set()
    marked = [(claim, settled.pair_ahead) for claim, settled in moved if settled.pair_ahead is not None]
    if marked:
        await run(connection, statements.MARK_PAIRS, {
            "groups": [claim.group_id for claim, _ in marked],
            "lanes": [claim.lane_id for claim, _ in marked],
            "ahead": [ahead for _, ahead in marked],
        })  # fmt: skip
    rows = await fetch_all(connection, statements.MOVE_LANES, {
        "groups": [claim.group_id for claim, _ in moved],
        "lanes": [claim.lane_id for claim, _ in moved],
        "tokens": [claim.token for claim, _ in moved],
        "heads": [settled.head for _, settled in moved],
        "kept": [settled.is_kept for _, settled in moved],
        "waits": [_wait(settled) for _, settled in moved],
        "notes": [(settled.note or "").replace("\x00", " ") for _, settled in moved],
        "lease": lease_seconds,
    })  # fmt: skip
    return {(row[0], row[1]) for row in rows if row[2]}


def _wait(settled: Settled) -> float:
    return (settled.verdict.wait or 0.0) if isinstance(settled.verdict, Released) else 0.0
