"""Every flood in a small form: valid posts are answered, invalid ones write nothing, memory stays. Full: `make floods`.

How long answers take is printed, and asserted nowhere: it depends on the machine.
"""

from __future__ import annotations

from pathlib import Path

from tests.floods.kinds import KINDS
from tests.floods.report import markdown
from tests.floods.run import Plan, run

SMALL = Plan(seconds=1.0, per_second=10.0, lead_seconds=0.5, is_compared=False, share=0.25)
# The memory for large bodies, twice while one is joined and parsed, and what small ones may take at a time.
MOST_GROWTH_MB = 250


async def test_floods_write_nothing_take_bounded_memory_and_keep_nobody_from_being_answered(house_folder: Path) -> None:
    results = await run(KINDS, SMALL, house_folder, print)
    print(markdown(results))

    for result in results:
        name = result.kind.name
        assert result.flood.sent > 0, name
        answers = {status for status in result.flood.answers if status.isdigit()}
        assert answers <= set(result.kind.answers), name
        assert result.kind.may_store or result.rows == 0, name
        assert (result.under.refused, result.under.unheard) == (0, 0), name
        assert len(result.under.answers) == 10, name
        assert result.memory.most - result.memory.before < MOST_GROWTH_MB, name
        assert result.is_same, name
    quick = [result for result in results if result.kind.manner == "requests"]
    assert all(result.flood.answered_per_second > 0 for result in quick)
