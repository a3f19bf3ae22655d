"""How long a lane rests after an answer that settled nothing."""

from __future__ import annotations

from typing import Literal, TypeAlias

from services.sender.domain.answers import Accepted, Ambiguous, Answer, Done, NotSent, Paused, Refused, Throttled
from services.sender.domain.codes import Action, Scope

Told: TypeAlias = Literal["older", "later", "nothing"]
"""What statuses of a number told of lately: also of a moment or of what was before it, only of what came later, or
nothing."""

_LONGEST = 600.0
_FIRST_PAUSE = 60.0
# A pause grows to this many times its first length, if that is longer than the usual end.
_LONGEST_PAUSE = 8.0
# A message that has to wait longer than this for something of its own steps out of its conversation's way.
_PATIENT_SECONDS = 60.0
# A doubt is waited out for the same time this often; then every wait is twice as long as the one before.
_EVEN_WAITS = 3


def rest_after(answer: Answer, *, number: int, reconcile_seconds: float) -> float | None:
    """Seconds to rest after call `number`; None when there is nothing to wait for."""
    match answer:
        case Accepted() | Done() | Refused():
            return None
        case NotSent():
            return min(30.0, 0.25 * 2.0 ** min(number, 8))
        case Ambiguous():
            return reconcile_wait(number, reconcile_seconds)
        case Paused():
            return pause_of(1, answer.seconds)
        case Throttled():
            return answer.seconds if answer.seconds is not None else _throttle(answer.scope, number)


def reconcile_wait(number: int, reconcile_seconds: float) -> float:
    """How old call `number` must be before its message may be sent again."""
    return max(reconcile_seconds, min(_LONGEST, reconcile_seconds * 2.0 ** min(max(number - _EVEN_WAITS, 0), 10)))


def doubt_ends(age: float, told: Told, *, is_never_repeated: bool) -> Literal["wait", "repeat", "give up"]:
    """What becomes of a doubt that is old enough, by what statuses of its number told of lately.

    While older ones come in, its own may still come. What is never repeated needs to see that later ones do come; it is
    given up when that cannot be seen for long, and everything else is then sent again.
    """
    if told == "later" or (told == "nothing" and not is_never_repeated):
        return "repeat"
    if age < _LONGEST:
        return "wait"
    return "give up" if is_never_repeated else "repeat"


def pause_of(times: int, first: float | None = None) -> float:
    """How long something is left alone that was refused as a whole `times` times in a row: 60 s, 120 s … 10 min.

    With `first` seconds the first time, and eight times that at most.
    """
    begin = _FIRST_PAUSE if first is None else first
    return min(max(_LONGEST, begin * _LONGEST_PAUSE), begin * 2.0 ** min(max(times - 1, 0), 10))


def steps_aside(answer: Answer) -> bool:
    """Whether the wait concerns this message alone and is too long to hold up those behind it."""
    if not isinstance(answer, Throttled) or answer.scope is not Scope.MESSAGE:
        return False
    return answer.action is Action.RETRY_AFTER and (answer.seconds or 0.0) >= _PATIENT_SECONDS


def _throttle(scope: Scope, number: int) -> float:
    if scope is Scope.PAIR:
        # Meta's own advice: 4^X seconds, X from 0.
        return 4.0 ** min(number - 1, 4)
    if scope is Scope.NUMBER:
        return min(60.0, 2.0 ** min(number - 1, 6))
    return min(300.0, 2.0 ** min(number, 9))
