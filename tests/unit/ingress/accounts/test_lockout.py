"""Wrong passwords: every fifth locks, for 1, 2, 4 … 60 minutes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.accounts.lockout import FAILURES, LONGEST_MINUTES, OPEN, Lock, after_failure

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fail(lock: Lock, now: datetime, times: int = 1) -> Lock:
    for _ in range(times):
        lock = after_failure(lock, now)
    return lock


def test_four_wrong_passwords_lock_nobody_and_the_fifth_does_for_a_minute() -> None:
    assert not fail(OPEN, NOON, 4).holds(NOON)

    lock = fail(OPEN, NOON, 5)

    assert lock.until == NOON + timedelta(minutes=1)
    assert lock.holds(NOON)
    assert not lock.holds(NOON + timedelta(minutes=1))


def test_each_lock_in_a_row_is_twice_as_long_up_to_an_hour() -> None:
    lock, now, minutes = OPEN, NOON, []
    for _ in range(9):
        lock = fail(lock, now, FAILURES)
        assert lock.until is not None
        minutes.append((lock.until - now) / timedelta(minutes=1))
        now = lock.until

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_tries_during_a_lock_neither_count_nor_lengthen_it() -> None:
    lock = fail(OPEN, NOON, FAILURES)

    assert fail(lock, NOON + 30 * SECOND, 100) == lock


@given(st.lists(st.integers(min_value=0, max_value=7200), max_size=200))
def test_whenever_somebody_tries_he_gets_five_tries_between_two_locks_and_no_lock_is_longer_than_an_hour(
    pauses: list[int],
) -> None:
    lock, now, tries, locks = OPEN, NOON, 0, 0
    for pause in pauses:
        now += pause * SECOND
        before = lock
        lock = after_failure(lock, now)
        if before.holds(now):
            assert lock == before
            continue
        tries += 1
        if lock.times > locks:
            locks = lock.times
            assert lock.until is not None
            assert now < lock.until <= now + timedelta(minutes=LONGEST_MINUTES)
        assert tries // FAILURES == locks
        assert lock.failures == tries % FAILURES
