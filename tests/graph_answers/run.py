"""Runs cases through the house, and tells each expected and taken action."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tests.graph_answers.cases import Case, Road
from tests.graph_answers.house import running_house
from tests.graph_answers.judge import Seen, taken

# Whatever was only put off goes out by itself once Meta takes it; pauses and long waits would take too long here.
GOES_OUT = frozenset({"retry_backoff", "retry_pair", "uncertain"})


@dataclass(frozen=True, slots=True)
class Result:
    """One case, what was done about it, and whether it went out in the end (None: not looked at)."""

    name: str
    expected: str
    taken: str
    went_out: bool | None

    @property
    def is_equal(self) -> bool:
        """Whether everything is as the list says."""
        return self.expected == self.taken and self.went_out is not False


async def run(urls: Mapping[Road, str], cases: Sequence[Case]) -> list[Result]:
    """Every case on the migrated database of its road, all at once; in the cases' order."""
    seen: dict[UUID, Seen] = {}
    out: set[UUID] = set()

    async def travel(road: Road, url: str) -> None:
        mine = [case for case in cases if case.road == road]
        if not mine:
            return
        async with running_house(url, road) as house:
            await house.send(mine)
            seen.update(await house.look(mine))
            out.update(await house.still_out([case for case in mine if case.expected in GOES_OUT]))

    await asyncio.gather(*(travel(road, url) for road, url in urls.items()))
    return [_result(case, seen[case.message_id], is_out=case.message_id in out) for case in cases]


def _result(case: Case, seen: Seen, *, is_out: bool) -> Result:
    went_out = not is_out if case.expected in GOES_OUT else None
    return Result(case.name, case.expected, taken(case, seen), went_out)
