"""One turn of a lane: the outcome of its last call goes in, the permission for its next call comes out.

`settle` runs under the row locks of everything it is given; it is the only place where a message may become
`attempting`. Invariant I4: one message, at most one acceptance, unless it is flagged as maybe a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from services.sender.domain import answers, codes, message
from services.sender.domain.codes import Action, Scope
from services.sender.domain.message import Message
from services.sender.domain.patience import steps_aside

# A lane that rests with this note has a head that was called for; with any other note it was not.
IN_DOUBT = "in doubt"
# Why a message failed that is never repeated.
LEFT_IN_DOUBT = "IN_DOUBT: nobody knows whether Meta took the message, and it may not be sent twice"
# Meta's code for a free message after the window.
WINDOW_CLOSED_CODE = 131047
WINDOW_EXPIRED = "WINDOW_EXPIRED: the 24 hour window closed before the message could leave"
_OUR_FAULT_TRIES = 3
# Codes that speak of one message alone allow one more try: repeats are punished (131049) or bring nothing.
_MORE_TRIES = 1
# Meta counts from arrivals, we from permissions: the first message may have taken longer on its way than the last.
_WAY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of call `number` of a message.

    `position` is where the lane's head comes once the message is settled, `wait` how long the lane rests if it is not.
    `template` is NAME/LANGUAGE of the template it is made of, if it is.
    """

    message_id: UUID
    number: int
    answer: answers.Answer
    position: int
    window_expires_at: float
    wait: float | None = None
    template: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a message may not leave for so many seconds; shown in its row.

    One that waits for a template (NAME/LANGUAGE) to be taken again lets those behind it pass, however long it takes. So
    does one that `is_in_order`: of its lane only what may wait for it too (templates outside the window) stays behind.
    """

    seconds: float
    text: str = ""
    code: int = 0
    action: str = ""
    template: str = ""
    is_in_order: bool = False


@dataclass(frozen=True, slots=True)
class Deferral:
    """A message whose lane goes on without it, for so many seconds or (`template`) until that template is taken.

    Those of a lane that are `is_in_order` come back together, and as they were.
    """

    message_id: UUID
    seconds: float
    template: str = ""
    is_in_order: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """The lane would like to call for a message, or (`is_look`) only to know how it stands and to keep the lane.

    `doubted` is the number of the call in doubt that a resend would repeat. `renewed` is the number of a call that was
    marked by this very holder and certainly not made (the answer to the commit was lost). A read receipt is no message:
    it uses nothing of the pair's limit, and repeating it makes no duplicate.

    `refusal` says why the message may never leave, with the code of Meta's that means the same, if there is one. What a
    person's wish for no messages is judged by: `recipients` (phone number, user id), `template` (NAME/LANGUAGE),
    `window_closed_at` (of templates too), and whether it only confirms that wish.
    """

    message_id: UUID
    position: int
    window_expires_at: float
    doubted: int | None = None
    renewed: int | None = None
    refusal: str | None = None
    refusal_code: int = 0
    hold: Hold | None = None
    is_look: bool = False
    is_read_receipt: bool = False
    recipients: tuple[str, ...] = ()
    template: str = ""
    window_closed_at: float = 0.0
    is_confirmation: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What a lane brings: everything up to `head` is finished; without a wish the lane is given back."""

    head: int
    outcome: Outcome | None = None
    wish: Wish | None = None
    wait: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Make call `number` now; its mark is durable."""

    number: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The wished message needs no call; go on with the next."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The looked-at message is queued; the lane is kept."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A call of an earlier holder has no known outcome."""

    number: int
    age: float


@dataclass(frozen=True, slots=True)
class Released:
    """The lane was given back."""

    wait: float | None


@dataclass(frozen=True, slots=True)
class Lost:
    """Another process holds the lane; what could be recorded was."""


Verdict: TypeAlias = Granted | Skipped | Ready | InDoubt | Released | Lost


@dataclass(frozen=True, slots=True)
class PairLimit:
    """Meta's limit for one number and one user: `burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Settled:
    """What a turn comes to: rows to write, the lane's new head, the pair's new mark (seconds from now), the verdict.

    `deferrals` are messages before the head that are not settled and come back later.
    """

    verdict: Verdict
    head: int
    rows: tuple[Message, ...] = ()
    pair_ahead: float | None = None
    note: str | None = None
    deferrals: tuple[Deferral, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether the lane stays with its holder."""
        return not isinstance(self.verdict, Released | Lost)


def settle(
    turn: Turn,
    found: Mapping[UUID, Message],
    *,
    is_held: bool,
    pair_ahead: float,
    now: float,
    limit: PairLimit,
    is_behind: bool = False,
) -> Settled:
    """Decide one lane's turn. `pair_ahead` is how far the pair's mark lies in the future, `now` the database's time.

    `is_behind`: messages of the lane stepped aside that come back in order.
    """
    ended = _end_call(turn, found, now)
    if not is_held:
        return replace(ended, verdict=Lost())
    if turn.wish is None or isinstance(ended.verdict, Released):
        return ended if isinstance(ended.verdict, Released) else replace(ended, verdict=Released(turn.wait))
    wish = _behind(turn.wish, now) if is_behind else turn.wish
    decided = _begin_call(wish, found.get(wish.message_id), ended.head, pair_ahead, now, limit)
    if not ended.rows:
        return decided
    return replace(decided, rows=(*ended.rows, *decided.rows), deferrals=(*ended.deferrals, *decided.deferrals))


def _end_call(turn: Turn, found: Mapping[UUID, Message], now: float) -> Settled:
    """Write down how the last call ended: Skipped when its message is settled, else Released for its wait."""
    outcome = turn.outcome
    row = found.get(outcome.message_id) if outcome is not None else None
    if outcome is None or row is None:
        return Settled(Skipped(), turn.head, note=turn.note)
    changed = apply_outcome(row, outcome, now)
    # Only what is settled is finished; a status may have settled it while we waited for the answer.
    if changed.is_settled:
        return Settled(Skipped(), max(turn.head, outcome.position), (changed,))
    if changed.state == "queued" and (deferral := _deferral(outcome)) is not None:
        return Settled(Skipped(), max(turn.head, outcome.position), (changed,), deferrals=(deferral,))
    note = IN_DOUBT if changed.state == "attempting" else changed.error_text
    return Settled(Released(outcome.wait), turn.head, (changed,), note=note)


def apply_outcome(row: Message, outcome: Outcome, now: float) -> Message:
    """The row after a call's outcome. An acceptance always counts; anything else only for the latest call."""
    answer = outcome.answer
    if isinstance(answer, answers.Accepted):
        return message.accepted(row, answer.wamid, by="response")
    if row.state != "attempting" or row.attempts != outcome.number:
        return row
    match answer:
        case answers.Done():
            return message.done(row, answer.code, answer.text)
        case answers.Refused():
            return message.failed(row, answer.code, answer.text, answer.action)
        case answers.Ambiguous():
            if answer.code == codes.MAYBE_OUR_FAULT and row.attempts >= _OUR_FAULT_TRIES:
                return message.failed(row, answer.code, answer.text, answer.action)
            text = f"in doubt: {answer.text}"
            return replace(row, error_code=answer.code, error_text=text, error_action=answer.action.value)
        case answers.NotSent():
            action = Action.RETRY_BACKOFF.value
            return replace(row, state="queued", error_code=0, error_text=answer.text, error_action=action)
        case answers.Throttled() | answers.Paused():
            return _put_off(row, answer, outcome, now)


def _put_off(row: Message, answer: answers.Throttled | answers.Paused, outcome: Outcome, now: float) -> Message:
    """A message that was not taken now: it waits, if that has an end before its window's."""
    if now + (outcome.wait or 0.0) >= outcome.window_expires_at:
        text = f"{answer.text} (the wait would outlast the 24 hour window)"
        return message.failed(row, answer.code, text, answer.action)
    is_own = answer.scope is Scope.MESSAGE and answer.action is not Action.RETRY_BACKOFF
    if is_own and row.retries >= _MORE_TRIES:
        return message.failed(row, answer.code, answer.text, answer.action)
    return replace(
        row, state="queued", error_code=answer.code, error_text=answer.text, error_action=answer.action.value,
        retries=row.retries + is_own,
    )  # fmt: skip


def _deferral(outcome: Outcome) -> Deferral | None:
    answer = outcome.answer
    if steps_aside(answer):
        return Deferral(outcome.message_id, outcome.wait or 0.0)
    if isinstance(answer, answers.Paused) and answer.scope is Scope.TEMPLATE:
        return Deferral(outcome.message_id, outcome.wait or 0.0, outcome.template)
    return None


def _begin_call(wish: Wish, row: Message | None, head: int, pair_ahead: float, now: float, limit: PairLimit) -> Settled:
    if row is None or row.is_settled:
        return Settled(Skipped(), max(head, wish.position))
    is_renewal = row.state == "attempting" and wish.renewed == row.attempts
    is_resend = row.state == "attempting" and wish.doubted == row.attempts
    if row.state == "attempting" and not (is_renewal or is_resend):
        return Settled(InDoubt(row.attempts, row.attempt_age or 0.0), head)
    if wish.is_look:
        return Settled(Ready(), head)
    if (refused := _refused(wish, row, now)) is not None:
        return Settled(Skipped(), max(head, wish.position), (refused,))
    if is_renewal:
        renewed = message.attempted(row, number=row.attempts, is_resend=False)
        return Settled(Granted(row.attempts), head, (renewed,))
    if wish.hold is not None:
        return _held_back(wish, wish.hold, row, head)
    if wish.is_read_receipt:
        marked = message.attempted(row, number=row.attempts + 1, is_resend=False)
        return Settled(Granted(marked.attempts), head, (marked,))
    too_early = pair_ahead - (limit.burst - 1) * limit.seconds
    if too_early > 0:
        return Settled(Released(too_early + _WAY_SECONDS), head, note="waits for the pair limit")
    marked = message.attempted(row, number=row.attempts + 1, is_resend=is_resend)
    return Settled(Granted(marked.attempts), head, (marked,), pair_ahead=max(pair_ahead, 0.0) + limit.seconds)


def _behind(wish: Wish, now: float) -> Wish:
    """A template outside the window does not overtake one that waits to be let out."""
    if wish.hold is not None or not wish.template or now < wish.window_closed_at:
        return wish
    return replace(wish, hold=Hold(0.0, "waits behind a template of the same conversation", is_in_order=True))


def _refused(wish: Wish, row: Message, now: float) -> Message | None:
    """The message failed, if it may never leave; with the code Meta would give, so that its flow is told the same."""
    if now >= wish.window_expires_at:
        return message.failed(row, WINDOW_CLOSED_CODE, WINDOW_EXPIRED, Action.REOPEN_WITH_TEMPLATE)
    return message.failed(row, wish.refusal_code, wish.refusal) if wish.refusal is not None else None


def _held_back(wish: Wish, hold: Hold, row: Message, head: int) -> Settled:
    if not hold.text:
        return Settled(Released(hold.seconds), head, note="waits for the number's limit")
    shown = replace(row, error_code=hold.code, error_text=hold.text, error_action=hold.action)
    if (hold.template or hold.is_in_order) and row.state == "queued":
        deferral = Deferral(row.message_id, hold.seconds, hold.template, hold.is_in_order)
        return Settled(Skipped(), max(head, wish.position), (shown,), deferrals=(deferral,))
    return Settled(Released(hold.seconds), head, (shown,), note=hold.text)
