"""Flows as people hand them in: limits, and an answer that is short enough to be read."""

import json
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument
from services.executor.ports import FlowSummary, FlowVersion, SavedFlow, SaveFlow
from services.executor.usecases.flow_keeping import LARGEST_DOCUMENT, MOST_FINDINGS, FlowKeeping, Put

START = {"id": "s", "type": "start"}


class Shelf:
    """Flows in memory: what was saved last."""

    saved: SaveFlow | None = None

    async def save(self, *, organization_id: UUID, flow: SaveFlow) -> SavedFlow:
        self.saved = flow
        return SavedFlow(int(flow.publish), is_changed=True)

    async def published_digest(self, *, organization_id: UUID, flow_id: UUID) -> tuple[int, str]:
        return 0, ""

    async def load(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        return None

    async def list_flows(self, *, organization_id: UUID) -> list[FlowSummary]:
        return []


async def put(*nodes: dict[str, object], shelf: Shelf | None = None) -> Put:
    document = {"schema": "pytake.flow/1", "name": "t", "nodes": [START, *nodes], "edges": []}
    keeping = FlowKeeping(shelf or Shelf())
    return await keeping.put(
        organization_id=uuid4(), name="t", document=json.dumps(document).encode(), publish=True, dry_run=False
    )


async def test_as_many_findings_are_told_as_somebody_reads_and_errors_before_all() -> None:
    shelf = Shelf()
    lost = [{"id": f"n{place}", "type": "message", "data": {"content": "Oi"}} for place in range(700)]
    answer = await put(*lost, {"id": "bad", "type": "message"}, shelf=shelf)

    assert len(answer.findings) == MOST_FINDINGS + 1
    assert answer.findings[0].severity == "error"
    assert answer.findings[-1].message.endswith("more findings.")
    assert ("empty_text", "bad") in {(finding.code, finding.node_id) for finding in answer.findings}
    assert shelf.saved is not None
    assert not shelf.saved.publish


async def test_a_few_findings_are_all_told() -> None:
    answer = await put({"id": "n", "type": "message", "data": {"content": "Oi"}})

    assert "more_findings" not in {finding.code for finding in answer.findings}


async def test_a_document_has_an_end() -> None:
    keeping = FlowKeeping(Shelf())
    for document in (b"{" + b" " * LARGEST_DOCUMENT + b"}", b"[" * 1000, b"\xff", b'{"schema": NaN}'):
        with pytest.raises(InvalidArgument, match=r"^document "):
            await keeping.put(organization_id=uuid4(), name="t", document=document, publish=True, dry_run=False)
