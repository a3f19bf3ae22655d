"""How long lanes rest."""

from services.sender.domain.answers import Accepted, Ambiguous, NotSent, Refused, Throttled
from services.sender.domain.codes import Action, Scope
from services.sender.domain.patience import pause_of, reconcile_wait, rest_after, steps_aside


def rests(answer: Throttled | NotSent | Ambiguous) -> list[float | None]:
    return [rest_after(answer, number=number, reconcile_seconds=20.0) for number in range(1, 6)]


def test_the_pair_limit_is_waited_out_in_powers_of_four() -> None:
    assert rests(Throttled(Scope.PAIR, 131056, "")) == [1, 4, 16, 64, 256]


def test_what_meta_says_counts() -> None:
    assert set(rests(Throttled(Scope.APP, 4, "", 7.0))) == {7.0}


def test_doubts_are_waited_out_evenly_and_then_longer() -> None:
    assert rests(Ambiguous(0, "")) == [20, 20, 20, 40, 80]
    assert reconcile_wait(1000, 20.0) == 600


def test_a_call_that_was_not_made_is_soon_made_again() -> None:
    assert rests(NotSent("")) == [0.5, 1, 2, 4, 8]


def test_pauses_double_up_to_ten_minutes() -> None:
    assert [pause_of(times) for times in (1, 2, 3, 4, 5, 99)] == [60, 120, 240, 480, 600, 600]


def test_a_pause_that_begins_long_grows_to_eight_times_that() -> None:
    assert [pause_of(times, 3600.0) for times in (1, 2, 4, 9)] == [3600, 7200, 28800, 28800]
    assert [pause_of(times, 20.0) for times in (1, 2, 9)] == [20, 40, 600]


def test_only_what_waits_long_for_something_of_its_own_steps_aside() -> None:
    assert steps_aside(Throttled(Scope.MESSAGE, 132069, "", 3600.0, Action.RETRY_AFTER))
    assert not steps_aside(Throttled(Scope.MESSAGE, 131053, "", 5.0, Action.FAIL_PERMANENT))
    assert not steps_aside(Throttled(Scope.MESSAGE, 131208, "", 120.0, Action.RETRY_BACKOFF))
    assert not steps_aside(Throttled(Scope.NUMBER, 133015, "", 300.0, Action.RETRY_AFTER))


def test_a_settled_message_needs_no_rest() -> None:
    assert rest_after(Accepted("w"), number=1, reconcile_seconds=20.0) is None
    assert rest_after(Refused(1, ""), number=1, reconcile_seconds=20.0) is None
