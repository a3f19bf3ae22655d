"""executor's flow service for the command line: flows are kept, and what was asked of versions is remembered."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

from typing import TYPE_CHECKING, Any

from services.chassis.errors import FailedPrecondition, InvalidArgument
from services.pb.common.v1 import errors_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

if TYPE_CHECKING:
    from tests.unit.cli.fake_house import Kept

BROKEN = "broken"
DIGEST = "d" * 64


class FakeFlows(executor_pb2_grpc.FlowServiceServicer):
    def __init__(self, kept: "Kept") -> None:
        self.kept = kept

    async def PutFlow(self, request: Any, context: Any) -> executor_pb2.PutFlowResponse:
        if b"nodes" not in request.document:
            raise InvalidArgument("document holds no flow")
        findings = []
        if BROKEN.encode() in request.document:
            findings.append(
                executor_pb2.Finding(code="x", severity="error", node_id="n1", message="It is broken.", mend="Glue it.")
            )
        published = 1 if request.publish and not findings else 0
        value = (request.document, published)
        key = (request.organization_id, "flow", request.name)
        is_changed = self.kept.values.get(key) != value
        if not request.dry_run:
            self.kept.put(*key, value=value)
        return executor_pb2.PutFlowResponse(
            flow_id=f"flow-{request.name}",
            published_version=published,
            is_changed=is_changed,
            findings=findings,
            draft_digest=DIGEST,
        )

    async def ListFlows(self, request: Any, context: Any) -> executor_pb2.ListFlowsResponse:
        return executor_pb2.ListFlowsResponse(
            flows=[
                executor_pb2.Flow(flow_id=f"flow-{name}", name=name, published_version=published, draft_digest=DIGEST)
                for name, (_, published) in self.kept.of(request.organization_id, "flow").items()
            ]
        )

    async def PublishFlow(self, request: Any, context: Any) -> executor_pb2.PublishFlowResponse:
        self.kept.asked.append(request)
        if request.policy == executor_pb2.PUBLISH_POLICY_MOVE and not request.moves:
            raise FailedPrecondition(
                "nothing was published: ask (2 people)", reason=errors_pb2.ERROR_REASON_NODE_MAP_INCOMPLETE
            )
        remark = executor_pb2.Finding(severity="warning", node_id="n1", message="It is odd.", mend="Or not.")
        return executor_pb2.PublishFlowResponse(
            version=4, is_changed=True, findings=[remark], migration=_migration(request.moves)
        )

    async def RollbackFlow(self, request: Any, context: Any) -> executor_pb2.RollbackFlowResponse:
        self.kept.asked.append(request)
        is_changed = request.version != 3
        return executor_pb2.RollbackFlowResponse(
            version=4, is_changed=is_changed, is_draft_changed=request.version == 1
        )

    async def ListVersions(self, request: Any, context: Any) -> executor_pb2.ListVersionsResponse:
        self.kept.asked.append(request)
        second = executor_pb2.Version(
            version=2, author="user:7", is_published=True, note="prices", rollback_of=1, migration=_migration([])
        )
        first = executor_pb2.Version(version=1)
        for version in (first, second):
            version.published_at.FromSeconds(1_772_618_400 + version.version)
        return executor_pb2.ListVersionsResponse(versions=[second, first], total=2)

    async def GetPublishImpact(self, request: Any, context: Any) -> executor_pb2.GetPublishImpactResponse:
        self.kept.asked.append(request)
        nodes = [
            executor_pb2.NodePeople(
                version=2, node_id="ask", node_type="question", people=2, fate=executor_pb2.NODE_FATE_GOES
            ),
            executor_pb2.NodePeople(version=1, people=1, fate=executor_pb2.NODE_FATE_STAYS),
        ]
        return executor_pb2.GetPublishImpactResponse(
            nodes=nodes, people=3, people_on_gone_nodes=2, unmapped_node_ids=["ask"]
        )

    async def DiffVersions(self, request: Any, context: Any) -> executor_pb2.DiffVersionsResponse:
        self.kept.asked.append(request)
        field = executor_pb2.FieldChange(path="data.content", before='"a"')
        return executor_pb2.DiffVersionsResponse(
            added_nodes=[executor_pb2.NodeChange(node_id="new", node_type="end")],
            changed_nodes=[executor_pb2.NodeChange(node_id="ask", node_type="question", fields=[field])],
            removed_edges=[executor_pb2.EdgeChange(source="a", target="b", handle="answered")],
            is_cut=True,
        )

    async def ReplayConversation(self, request: Any, context: Any) -> executor_pb2.ReplayConversationResponse:
        self.kept.asked.append(request)
        before, after = (executor_pb2.SaidMessage(kind="text", text=text, node_id="bye") for text in ("Bye.", "Later."))
        is_same = request.flow_id == "flow-same"
        turns = [
            executor_pb2.ReplayedTurn(kind="message", text="hi", recorded=[before], replayed=[before], is_same=True),
            executor_pb2.ReplayedTurn(
                kind="effect", recorded=[before], replayed=[before if is_same else after], is_same=is_same
            ),
        ]
        return executor_pb2.ReplayConversationResponse(turns=turns, first_difference=0 if is_same else 2, is_cut=True)


def _migration(moves: Any) -> executor_pb2.Migration:
    return executor_pb2.Migration(policy=executor_pb2.PUBLISH_POLICY_MOVE, moves=moves, people_moved=5, people_left=2)
