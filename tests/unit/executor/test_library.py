"""Compiled flows are kept by what they say, not by whose they are."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.executor.ports import FlowVersion
from services.executor.usecases import FlowLibrary
from services.executor.usecases import library as library_module

FLOW = (Path(__file__).parents[2] / "data" / "flows" / "native" / "menu.json").read_bytes()


@dataclass
class Shelf:
    """Flows whose loads are counted; what a digest stands for is up to the test."""

    digests: dict[UUID, str]
    loads: list[UUID] = field(default_factory=list)

    async def load(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        self.loads.append(organization_id)
        return FlowVersion(UUID(flow), version or 1, FLOW, self.digests[organization_id])


async def test_organizations_with_the_same_document_share_what_is_compiled_of_it() -> None:
    here, there, flow_here, flow_there = uuid4(), uuid4(), str(uuid4()), str(uuid4())
    shelf = Shelf({here: "same", there: "same"})
    library = FlowLibrary(shelf)  # type: ignore[arg-type]  # the library only loads
    first = await library.load(here, flow_here, 1)

    library.learn(there, flow_there, 4, "same")
    second = library.get(there, flow_there, 4)

    assert first is not None
    assert second is not None
    assert second.nodes is first.nodes
    assert (second.flow_id, second.version) == (flow_there, 4)
    assert shelf.loads == [here]


async def test_nobody_gets_a_flow_that_was_not_said_to_be_his() -> None:
    here, flow = uuid4(), str(uuid4())
    library = FlowLibrary(Shelf({here: "one"}))  # type: ignore[arg-type]  # as above
    await library.load(here, flow, 1)

    assert library.get(uuid4(), flow, 1) is None
    assert library.get(here, flow, 2) is None
    library.learn(here, flow, 2, "another")
    assert library.get(here, flow, 2) is None


async def test_what_was_used_last_stays_and_what_was_not_is_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "MOST_FLOWS", 2)
    organizations = [uuid4() for _ in range(3)]
    shelf = Shelf({organization: str(organization) for organization in organizations})
    library = FlowLibrary(shelf)  # type: ignore[arg-type]  # as above
    flow = str(uuid4())
    await library.load(organizations[0], flow, 1)
    await library.load(organizations[1], flow, 1)
    assert library.get(organizations[0], flow, 1) is not None

    await library.load(organizations[2], flow, 1)

    assert [library.get(organization, flow, 1) is not None for organization in organizations] == [True, False, True]


async def test_flows_that_weigh_much_are_kept_in_smaller_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "MOST_WEIGHT", 25 * len(FLOW))
    organizations = [uuid4() for _ in range(3)]
    library = FlowLibrary(Shelf({organization: str(organization) for organization in organizations}))  # type: ignore[arg-type]  # as above
    flow = str(uuid4())
    for organization in (*organizations, organizations[2]):
        await library.load(organization, flow, 1)

    assert [library.get(organization, flow, 1) is not None for organization in organizations] == [False, True, True]


async def test_a_large_flow_is_compiled_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "_SMALL_DOCUMENT", 10)
    here, flow = uuid4(), str(uuid4())
    library = FlowLibrary(Shelf({here: "one"}))  # type: ignore[arg-type]  # as above

    assert await library.load(here, flow, 1) is not None
    assert library.get(here, flow, 1) is not None
