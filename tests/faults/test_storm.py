"""The promise under fire. The full form is `make storm`."""

from __future__ import annotations

from pathlib import Path

from tests.faults.ledger import judge
from tests.faults.storm import Plan, run_storm


async def test_sixty_kills_lose_nothing_double_nothing_and_keep_the_order(house_folder: Path) -> None:
    report = await run_storm(Plan(), house_folder, print)
    print(report.as_json())
    assert report.kills >= 60
    assert report.postgres_stops == 2
    assert sum(report.graph["faults"].values()) > 0
    assert report.verdict.is_clean, report.verdict
    assert report.messages["unsettled"] == 0
    assert report.messages["status"] > 0  # doubts that only a status could end
    assert report.answer_median_ms <= 250
    print(report.scan.table())
    assert report.scan.found == ()
    assert report.scan.canaries >= 2 * 30 + 15  # everybody's number and name, the house's secrets


def test_the_judge_sees_what_is_lost_twice_or_late() -> None:
    expected = {"a": ["1", "2", "3"], "b": ["1", "2"], "c": ["1", "2"]}
    verdict = judge(expected, {"a": ["1", "3"], "b": ["1", "2", "2"], "c": ["2", "1"]})
    assert (verdict.lost, verdict.duplicated, verdict.disordered) == (1, 1, 1)
    assert not verdict.is_clean
    assert judge(expected, {name: list(replies) for name, replies in expected.items()}).is_clean
