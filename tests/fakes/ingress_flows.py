"""executor's flows behind ingress' REST API, in memory: what each call is to be answered, and what was asked."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.ingress.domain.conversation import Flow
from services.ingress.domain.flows import (
    Difference,
    ExportedFlow,
    FieldChange,
    Finding,
    FlowPage,
    FlowText,
    Impact,
    ImportedFlow,
    Migration,
    NodeChange,
    NodePeople,
    Published,
    StoredDraft,
    Verdict,
    Version,
    VersionPage,
    VersionText,
)
from tests.fakes.ingress_peers import MORNING, House

FLOW_ID = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"
FLOW = Flow(FLOW_ID, "Encomendas", 3, MORNING, MORNING, "d" * 64, has_unpublished_changes=True)
# Not as a quick JSON writer would write it.
DOCUMENT = b'{"schema":"pytake.flow/1","name":"Encomendas","nodes":[],"z":100000000000000000000000,"a":1e+22}'
REMARK = Finding("loose_end", "warning", "bye", "Nothing follows.", "Draw an edge.")
BROKEN = Finding("dangling_edge", "error", "ask", "The edge leads nowhere.", "Draw it to a node.")
MIGRATION = Migration("move", {"ask": "bye"}, 2, 1, False, MORNING, None)
VERSION = Version(3, "user:7", MORNING, "e" * 64, "prices", None, True, MIGRATION)


def usual_answers() -> dict[str, Any]:
    """Everything goes well."""
    field_change = FieldChange("data.content", '"a"', None)
    return {
        "get": FlowText(FLOW, DOCUMENT, "d" * 64),
        "create": StoredDraft(FLOW_ID, True, "native", (REMARK,)),
        "update": StoredDraft(FLOW_ID, True, "native", ()),
        "delete": 2,
        "validate": Verdict(False, "native", (BROKEN, REMARK)),
        "publish": Published(3, True, False, (REMARK,), MIGRATION),
        "progress": VERSION,
        "impact": Impact((NodePeople(2, "ask", "question", 4, "goes"),), 4, 0, 4, ("ask",), "d" * 64, 2),
        "versions": VersionPage((VERSION,), 3),
        "version": VersionText(VERSION, DOCUMENT),
        "diff": Difference(
            2, None, (), (), (NodeChange("ask", "question", (field_change,)),), (), (), (), (), (), False
        ),
        "rollback": Published(4, True, True, (), None),
        "import_": ImportedFlow(FLOW, "export", (REMARK,), DOCUMENT),
        "export": ExportedFlow("Encomendas.json", DOCUMENT, "d" * 64),
    }


@dataclass(slots=True)
class ScriptedFlows:
    """See ports.Flows. An answer that is an exception is raised."""

    house: House
    answers: dict[str, Any] = field(default_factory=usual_answers)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def page(self, *, organization_id: UUID, skip: int, limit: int) -> FlowPage:
        flows = await self.house.list_flows(organization_id=organization_id)
        return FlowPage(tuple(flows[skip : skip + limit]), len(flows))

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise AttributeError(name)

        async def answer(**asked: Any) -> Any:
            self.asked.append((name, asked))
            given = self.answers[name]
            if isinstance(given, Exception):
                raise given
            return given

        return answer
