import pytest

from services.embedded.supervisor import LONGEST_PAUSE_SECONDS, describe_end, is_quick_death, pause_seconds


def test_the_first_restart_is_immediate() -> None:
    assert pause_seconds(0) == pause_seconds(1) == 0.0


def test_a_process_that_is_killed_right_after_its_start_is_not_made_to_wait() -> None:
    assert is_quick_death(0.5, 1)
    assert not is_quick_death(0.5, -9)
    assert not is_quick_death(60.0, 1)


def test_each_further_quick_death_waits_longer_up_to_two_seconds() -> None:
    pauses = [pause_seconds(deaths) for deaths in range(2, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.05)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS == 2.0


@pytest.mark.parametrize(
    ("returncode", "text"),
    [(0, "ended with exit code 0"), (-9, "was ended by SIGKILL"), (-250, "was ended by signal 250")],
)
def test_the_end_of_a_process_is_told_in_words(returncode: int, text: str) -> None:
    assert describe_end(returncode) == text
