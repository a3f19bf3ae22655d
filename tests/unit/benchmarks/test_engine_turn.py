"""The measurement of executor's pure part runs, and measures all of it."""

from tests.benchmarks.parts.engine_turn import measure


def test_every_part_takes_time_and_a_message_takes_most() -> None:
    figures = measure(rounds=1)

    assert set(figures) >= {"json_loads", "template", "engine_turn", "message"}
    assert all(microseconds > 0 for microseconds in figures.values())
    assert figures["message"] > figures["engine_turn"] > figures["template"]
