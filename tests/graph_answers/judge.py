"""What sender did, told from what it left in its tables: never from its code."""

from dataclasses import dataclass, field

from tests.graph_answers.cases import Case

# What is known of a wait when it is looked at: some of it has passed, and some chance was added.
_LATE, _MORE = 60.0, 5.0
# Said of one recipient, it holds for everybody in the same country: they fail, and nothing waits.
_COUNTRY_RESTRICTED, _COUNTRY = 130497, "country"
FINAL = frozenset({"fail_permanent", "reopen_with_template", "suppress_marketing", "ignore", "alert"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A message and its surroundings after the first answer. Times in seconds from now; None where there is none."""

    state: str
    attempts: int
    error_code: int
    action: str
    wamids: int
    lane_rests: float | None
    deferred_for: float | None
    pauses: dict[str, float] = field(default_factory=dict)
    opt_outs: tuple[str, ...] = ()


def taken(case: Case, seen: Seen) -> str:
    """What was done, in the words of the lists; with what does not fit behind it."""
    word = _word(case, seen)
    complaints = [*_complaints(word, seen), *_of_case(case, seen)]
    return f"{word} ({'; '.join(complaints)})" if complaints else word


def _word(case: Case, seen: Seen) -> str:
    if seen.state == "accepted":
        return "accepted" if seen.wamids else "done"
    if case.expected == "uncertain" and seen.state == "attempting":
        return "uncertain"
    if case.expected == "retry" and seen.state == "queued" and seen.action == "retry_backoff" and not seen.error_code:
        return "retry"
    return seen.action or f"nothing, {seen.state}"


def _complaints(word: str, seen: Seen) -> list[str]:
    """Effects that an action must have, and must not have."""
    found = []
    waiting = set(seen.pauses) - {_COUNTRY}
    if (seen.error_code == _COUNTRY_RESTRICTED) != (_COUNTRY in seen.pauses):
        found.append(f"the country is {'' if _COUNTRY in seen.pauses else 'not '}kept from")
    if word.startswith("pause_"):
        scope = word.removeprefix("pause_")
        if waiting != {scope}:
            found.append(f"paused: {sorted(waiting)}")
        if seen.state != "queued":
            found.append(f"the message is {seen.state}")
        if scope == "template" and seen.deferred_for is None:
            found.append("the conversation waits for the template")
    elif waiting and word != "retry_after":
        found.append(f"paused: {sorted(waiting)}")
    if word in FINAL and (seen.state, seen.attempts) != ("failed", 1):
        found.append(f"{seen.state} after {seen.attempts} calls")
    if word in ("retry_backoff", "retry_pair", "retry", "uncertain") and (seen.lane_rests or 0) <= 0:
        found.append("the conversation does not rest")
    if word == "uncertain" and seen.attempts != 1:
        found.append("it was sent again")
    if (word == "suppress_marketing") != ("marketing" in seen.opt_outs):
        found.append(f"opted out of {seen.opt_outs or 'nothing'}")
    return found


def _of_case(case: Case, seen: Seen) -> list[str]:
    found = []
    if case.outcome and (case.outcome == "unknown") != (seen.state == "attempting"):
        found.append(f"the outcome counts as {'unknown' if seen.state == 'attempting' else 'known'}")
    if case.wait is not None:
        wait = seen.deferred_for if seen.deferred_for is not None else next(iter(seen.pauses.values()), None)
        if wait is None or not case.wait - _LATE <= wait <= case.wait + _MORE:
            found.append(f"it waits {wait} seconds")
    return found
