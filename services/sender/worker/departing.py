"""New messages whose lanes are idle leave at once: gates are asked before they are stored, walks set out after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.sender.domain.message import Key, key_of
from services.sender.domain.settling import Wish
from services.sender.ports import Departure, NewMessage, Store
from services.sender.worker.errand import Errand, errand_of_message
from services.sender.worker.gates import Ask, Passage, pass_gates
from services.sender.worker.lane import Boarded, Walk, wish_for
from services.sender.worker.surroundings import Surroundings


class Fleet(Protocol):
    """The walks under way (SenderWorker)."""

    def room_for(self, lanes: int) -> AbstractContextManager[bool]:
        """Whether so many more walks may set out; until the end of the context they count as if they had."""

    def is_under_way(self, lane: Key) -> bool:
        """Whether this process walks the lane."""

    def set_out(self, walk: Walk) -> None:
        """Go."""

    def was_left(self) -> None:
        """Something was stored that nobody holds."""


@dataclass(frozen=True, slots=True)
class _Asked:
    errand: Errand
    passage: Passage


class Departing:
    """Takes messages durably and sends those off that may leave (usecases.Deliver's flush)."""

    def __init__(self, store: Store, around: Surroundings, fleet: Fleet) -> None:
        self._store = store
        self._around = around
        self._fleet = fleet

    async def __call__(self, messages: Sequence[NewMessage]) -> Sequence[bool]:
        """Tells which messages are new. Raises errors.Unavailable, psycopg.DataError."""
        lanes = {message.lane for message in messages}
        with self._fleet.room_for(len(lanes)) as has_room:
            if has_room:
                return await self._depart(messages)
        is_new = await self._store.enqueue(messages)
        if any(is_new):
            self._fleet.was_left()
        return is_new

    async def _depart(self, messages: Sequence[NewMessage]) -> Sequence[bool]:
        asked = await self._ask(messages)
        wishes = {key: _wish(one) for key, one in asked.items() if not one.passage.leaves_at}
        # A permission counts from before its commit.
        began = self._around.monotonic()
        is_new, departures = await self._store.enqueue_and_depart(messages, wishes)
        for departure in departures:
            first = key_of(departure.claim.group_id, UUID(departure.claim.items[0].event_id))
            self._fleet.set_out(self._walk(departure, asked.get(first), began))
        if any(is_new) and not departures:
            self._fleet.was_left()
        return is_new

    async def _ask(self, messages: Sequence[NewMessage]) -> dict[Key, _Asked]:
        """The gates for the first message of each lane; lanes that are walked already ask when it is time."""
        firsts: dict[Key, NewMessage] = {}
        for message in messages:
            lane = message.lane
            if lane not in firsts and not self._fleet.is_under_way(lane):
                firsts[lane] = message
        # Files are given to Meta first, which takes longer than a caller should wait: such a message is stored at once.
        read = {message.lane: errand_of_message(message) for message in firsts.values()}
        firsts = {lane: message for lane, message in firsts.items() if not read[lane].attached}
        errands = [read[lane] for lane in firsts]
        # What Meta would refuse needs no gate: it fails without a call.
        calling = [n for n, errand in enumerate(errands) if errand.refusal is None]
        chosen = list(firsts.values())
        passages = [Passage()] * len(errands)
        asks = [Ask(chosen[n].organization_id, errands[n]) for n in calling]
        for n, passage in zip(calling, await pass_gates(self._around, asks), strict=True):
            passages[n] = passage
        return {
            message.key: _Asked(errand, passage)
            for message, errand, passage in zip(chosen, errands, passages, strict=True)
        }

    def _walk(self, departure: Departure, asked: _Asked | None, began: float) -> Walk:
        claim = departure.claim
        if asked is None:
            return Walk(claim, self._around, claim.head)
        boarded = Boarded(asked.errand, asked.passage, departure.settlement)
        return Walk(claim, self._around, claim.head, boarded=boarded, granted_at=began, passage=asked.passage)


def _wish(asked: _Asked) -> Wish:
    return wish_for(asked.errand, asked.passage)
