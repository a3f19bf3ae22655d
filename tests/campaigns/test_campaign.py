"""A campaign under fire, in short. The full form is `python -m tests.campaigns`."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.run import Plan, run_campaign


async def test_a_pause_and_a_kill_leave_each_recipient_one_message_and_true_counters(house_folder: Path) -> None:
    report = await run_campaign(Plan(), house_folder, print)
    print(report)
    assert report.is_kept, report
