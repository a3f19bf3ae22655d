"""One lane's walk: its messages in order, each leaving right after the answer to the one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Claim
from services.sender.domain.answers import Accepted, Answer, Done, Refused, doubts_files, of_message, of_read_receipt
from services.sender.domain.message import Key as LaneKey
from services.sender.domain.message import key_of
from services.sender.domain.patience import Told, doubt_ends, reconcile_wait, steps_aside
from services.sender.domain.settling import (
    IN_DOUBT,
    LEFT_IN_DOUBT,
    Granted,
    InDoubt,
    Lost,
    Outcome,
    Ready,
    Released,
    Skipped,
    Turn,
    Wish,
)
from services.sender.ports import Settlement
from services.sender.worker.conclusions import conclude
from services.sender.worker.errand import Errand, errand_of
from services.sender.worker.gates import Ask, Passage, paced_of, pass_gates
from services.sender.worker.surroundings import Surroundings

_log = get_logger(__name__)

# How often a doubt that is old enough looks at the watermark again.
_WATERMARK_POLL = 1.0
_STORE_RETRY = 0.2


def wish_for(errand: Errand, passage: Passage, *, doubted: int | None = None) -> Wish:
    """The wish for a call, with all that decides whether it may be made."""
    refusal = passage.refusal
    return Wish(
        errand.message_id,
        errand.position,
        errand.window_expires_at,
        doubted,
        refusal=errand.refusal if refusal is None else refusal.text,
        refusal_code=0 if refusal is None else refusal.code,
        hold=passage.hold,
        is_read_receipt=errand.is_read_receipt,
        recipients=errand.recipients,
        template=errand.template,
        window_closed_at=errand.window_closed_at,
        is_confirmation=errand.is_confirmation,
    )


@dataclass(frozen=True, slots=True)
class Boarded:
    """The first message of a lane that was held as it was stored: read, and asked at the gates, before that.

    `settlement` is what its wish came to; None when it has to be asked for (the number's moment was still to come).
    """

    errand: Errand
    passage: Passage
    settlement: Settlement | None


@dataclass(slots=True)
class Walk:
    """A claimed lane on its way: how far it is finished, and the outcome that is not written yet.

    `is_lost` is set when its lease could not be renewed, `was_repeated` when the last turn was handed over more than
    once, `has_wished` when this holder asked for a call of the present message, `doubted` for a resend of which call.
    `passage` is what the gates said of the present message.
    `boarded` is there when the lane was held as its messages were stored, and `granted_at` then is of before that.
    """

    claim: Claim
    around: Surroundings
    head: int
    outcome: Outcome | None = None
    is_lost: bool = False
    granted_at: float = 0.0
    passage: Passage = field(default_factory=Passage)
    was_repeated: bool = False
    has_wished: bool = False
    doubted: int | None = None
    boarded: Boarded | None = None

    async def run(self) -> Settlement:
        """Go through the claimed items; gives how the lane was released or lost."""
        for index, item in enumerate(self.claim.items):
            position = self.claim.place_of(index)
            if index == 0 and self.boarded is not None:
                ended = await self._go_on(replace(self.boarded.errand, position=position), self.boarded)
            else:
                errand = errand_of(item, position=position)
                ended = await self._deliver(errand, is_suspect=index == 0 and self._is_suspect)
            if ended is not None:
                return ended
            if self.around.is_stopping():
                return await self._settle(Turn(self.head, self.outcome))
        # A claim without items (all were repeats) still has to come to its end.
        head = self.head if self.claim.items else self.claim.until
        return await self._settle(Turn(head, self.outcome))

    @property
    def lane(self) -> LaneKey:
        """What names the lane."""
        return key_of(self.claim.group_id, self.claim.lane_id)

    @property
    def _is_suspect(self) -> bool:
        """Whether the head may have been called for by an earlier holder: it died, or it left a doubt."""
        return self.claim.attempts > 1 or self.claim.last_error == IN_DOUBT

    @property
    def _organization_id(self) -> UUID:
        return self.claim.group_id

    async def _deliver(self, errand: Errand, *, is_suspect: bool) -> Settlement | None:
        """Bring one message to an end; a settlement when the lane is released or lost instead."""
        self.doubted, self.has_wished = None, False
        if errand.attached:
            errand = await self._with_files(errand)
        return await self._follow(errand, await (self._look(errand) if is_suspect else self._wish(errand)))

    async def _go_on(self, errand: Errand, boarded: Boarded) -> Settlement | None:
        """The same for a message that passed the gates already."""
        settlement = boarded.settlement
        return await self._follow(errand, settlement or await self._ask_to_call(errand, boarded.passage))

    async def _follow(self, errand: Errand, settlement: Settlement) -> Settlement | None:
        while True:
            match settlement.verdict:
                case Granted() as granted:
                    answer = await self._call(errand, granted)
                    if isinstance(answer, Accepted | Done | Refused) or steps_aside(answer):
                        return None
                    return await self._settle(Turn(self.head, self.outcome))
                case Skipped():
                    self.head = errand.position
                    return None
                case Ready():
                    settlement = await self._wish(errand)
                case InDoubt() as doubt:
                    settlement = await self._resolve(errand, doubt)
                case Released() | Lost():
                    return settlement

    async def _wish(self, errand: Errand, *, doubted: int | None = None) -> Settlement:
        """Pass the gates and ask for the permission to call."""
        is_kept_back = errand.refusal is not None or errand.hold is not None
        passage = Passage(hold=errand.hold) if is_kept_back else await self._pass_gates(errand)
        return await self._ask_to_call(errand, passage, doubted=doubted)

    async def _ask_to_call(self, errand: Errand, passage: Passage, *, doubted: int | None = None) -> Settlement:
        if passage.leaves_at > self.around.monotonic():
            await self._wait_with_clean_hands(errand, passage.leaves_at)
        self.passage, self.doubted, self.has_wished = passage, doubted, True
        return await self._ask(wish_for(errand, passage, doubted=doubted))

    async def _look(self, errand: Errand) -> Settlement:
        """Only see how the message stands; writes the outcome in hand."""
        return await self._ask(Wish(errand.message_id, errand.position, errand.window_expires_at, is_look=True))

    async def _ask(self, wish: Wish) -> Settlement:
        turn = Turn(self.head, self.outcome, wish)
        settlement = await self._settle(turn)
        if self.outcome is not None and not isinstance(settlement.verdict, Released | Lost):
            self.head = max(self.head, self.outcome.position)
            self.outcome = None
        return settlement

    async def _resolve(self, errand: Errand, doubt: InDoubt) -> Settlement:
        """A call without known outcome: wait for a status until time and watermark allow to send again."""
        if self.was_repeated and self.has_wished and self.doubted != doubt.number:
            # The mark is our own: its commit succeeded although we were told that Postgres was away. No call was made.
            wish = Wish(errand.message_id, errand.position, errand.window_expires_at, renewed=doubt.number)
            return await self._ask(wish)
        if errand.is_read_receipt:
            return await self._wish(errand, doubted=doubt.number)
        rest = reconcile_wait(doubt.number, self.around.reconcile_seconds) - doubt.age
        if rest > 0:
            return await self._settle(Turn(self.head, self.outcome, wait=rest, note=IN_DOUBT))
        if not await self.around.watermark.is_clear():
            return await self._settle(Turn(self.head, self.outcome, wait=_WATERMARK_POLL, note=IN_DOUBT))
        match doubt_ends(doubt.age, self._told_since(errand, doubt), is_never_repeated=errand.is_never_repeated):
            case "wait":
                return await self._settle(Turn(self.head, self.outcome, wait=_WATERMARK_POLL, note=IN_DOUBT))
            case "repeat":
                return await self._wish(errand, doubted=doubt.number)
            case "give up":
                position, closes_at = errand.position, errand.window_expires_at
                wish = Wish(errand.message_id, position, closes_at, doubt.number, refusal=LEFT_IN_DOUBT)
                return await self._ask(wish)

    def _told_since(self, errand: Errand, doubt: InDoubt) -> Told:
        moment = self.around.unix_seconds() - doubt.age
        return self.around.ages.told((self._organization_id, errand.phone_number_id), moment=moment)

    async def _with_files(self, errand: Errand) -> Errand:
        """Meta has the files before the message is marked as called for: an upload that fails leaves no doubt."""
        if self.outcome is not None:
            await self._look(errand)
        return await self.around.files((self._organization_id, errand.phone_number_id), errand)

    async def _pass_gates(self, errand: Errand) -> Passage:
        ask = Ask(self._organization_id, errand)
        while True:
            try:
                (passage,) = await pass_gates(self.around, [ask])
                return passage
            except Unavailable:
                await self.around.pause(_STORE_RETRY)

    async def _wait_with_clean_hands(self, errand: Errand, moment: float) -> None:
        """Write the outcome in hand before waiting: a crash meanwhile must not make a doubt of it."""
        if self.outcome is not None:
            await self._look(errand)
        await self.around.pause(max(moment - self.around.monotonic(), 0.0))

    async def _call(self, errand: Errand, granted: Granted) -> Answer:
        ask, facts = Ask(self._organization_id, errand), self.passage.facts
        key, calls, gate = ask.key, self.around.calls, self.around.gate
        calls[key] = calls.get(key, 0) + 1
        try:
            place = await gate.enter(paced_of(self.around, ask, facts))
            answer = await self.around.graph.post(
                phone_number_id=errand.phone_number_id,
                token=self.passage.token,
                body=errand.body,
                is_fresh=partial(self._is_fresh, errand.window_expires_at),
            )
            gate.leave(place)
        finally:
            calls[key] -= 1
            if not calls[key]:
                del calls[key]
        if errand.is_read_receipt:
            answer = of_read_receipt(answer, number=granted.number)
        else:
            is_renewed = bool(errand.given) and doubts_files(answer) and await self.around.files.renew(key, errand)
            answer = of_message(answer, has_link=errand.has_link, has_new_files=is_renewed)
        wait = await conclude(self.around, ask, facts, answer, granted.number)
        self.outcome = Outcome(
            errand.message_id, granted.number, answer, errand.position, errand.window_expires_at, wait, errand.template
        )
        return answer

    def _is_fresh(self, window_expires_at: float) -> bool:
        """Asked right before the request is written: a process that was frozen must not send on an old permission.

        Nor may a message leave whose window closed while it waited for a connection or its number's pace.
        """
        if self.is_lost or self.around.unix_seconds() >= window_expires_at:
            return False
        return self.around.monotonic() - self.granted_at < self.around.fresh_seconds

    async def _settle(self, turn: Turn) -> Settlement:
        """Write a turn, again and again while the database is away: an outcome in hand must not be lost."""
        self.was_repeated = False
        while True:
            # A permission counts from before its commit.
            self.granted_at = self.around.monotonic()
            try:
                return await self.around.settle(self.claim, turn)
            except Unavailable as error:
                self.was_repeated = True
                _log.warning("settle_waits", reason=error.code)
                await self.around.pause(_STORE_RETRY * (1 + self.around.dice()))
