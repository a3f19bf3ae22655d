"""executor's flows and versions, as the REST API sees them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.rpc import Peer
from services.ingress.domain.conversation import Flow
from services.ingress.domain.flows import (
    Difference,
    EdgeChange,
    ExportedFlow,
    Fate,
    FieldChange,
    Finding,
    FlowPage,
    FlowText,
    Form,
    Impact,
    ImportedFlow,
    Migration,
    NodeChange,
    NodePeople,
    Policy,
    Published,
    StoredDraft,
    Taking,
    Verdict,
    Version,
    VersionPage,
    VersionText,
)
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

# A person waits for it.
_SECONDS = 3.0
# A large document is read, checked and compared.
_LONG_SECONDS = 20.0

_POLICIES: Final[dict[Policy, executor_pb2.PublishPolicy.ValueType]] = {
    "pin": executor_pb2.PUBLISH_POLICY_PIN,
    "move": executor_pb2.PUBLISH_POLICY_MOVE,
    "restart": executor_pb2.PUBLISH_POLICY_RESTART,
}
_WORDS: Final[dict[int, Policy]] = {number: policy for policy, number in _POLICIES.items()}
_FATES: Final[dict[int, Fate]] = {
    executor_pb2.NODE_FATE_STAYS: "stays",
    executor_pb2.NODE_FATE_CHANGES: "changes",
    executor_pb2.NODE_FATE_GOES: "goes",
}


class GrpcFlows:
    """See ports.Flows."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._flows = peer.stub(executor_pb2_grpc.FlowServiceStub)

    async def page(self, *, organization_id: UUID, skip: int, limit: int) -> FlowPage:
        """Flows by name."""
        request = executor_pb2.ListFlowsRequest(organization_id=str(organization_id), skip=skip, limit=limit)
        response = await self._peer.call(self._flows.ListFlows, request, seconds=_SECONDS)
        return FlowPage(tuple(map(flow_of, response.flows)), response.total)

    async def get(self, *, organization_id: UUID, flow_id: UUID, version: int) -> FlowText:
        """A flow with one of its documents."""
        request = executor_pb2.GetFlowRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), version=version
        )
        response = await self._peer.call(self._flows.GetFlow, request, seconds=_SECONDS)
        return FlowText(flow_of(response.flow), response.document, response.digest)

    async def create(self, *, organization_id: UUID, name: str, document: bytes) -> StoredDraft:
        """A new flow's draft."""
        request = executor_pb2.PutFlowRequest(
            organization_id=str(organization_id), name=name, document=document, must_be_new=True
        )
        return await self._put(request)

    async def update(
        self, *, organization_id: UUID, flow_id: UUID, document: bytes, expected_digest: str
    ) -> StoredDraft:
        """Another draft."""
        request = executor_pb2.PutFlowRequest(
            organization_id=str(organization_id),
            flow_id=str(flow_id),
            document=document,
            expected_digest=expected_digest,
        )
        return await self._put(request)

    async def _put(self, request: executor_pb2.PutFlowRequest) -> StoredDraft:
        response = await self._peer.call(self._flows.PutFlow, request, seconds=_LONG_SECONDS)
        return StoredDraft(response.flow_id, response.is_changed, response.dialect, _findings(response.findings))

    async def delete(self, *, organization_id: UUID, flow_id: UUID, force: bool) -> int:
        """Take a flow out of service."""
        request = executor_pb2.DeleteFlowRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), force=force
        )
        return (await self._peer.call(self._flows.DeleteFlow, request, seconds=_SECONDS)).people

    async def validate(self, *, organization_id: UUID, document: bytes, strict: bool) -> Verdict:
        """What is wrong with a document."""
        request = executor_pb2.ValidateFlowRequest(
            organization_id=str(organization_id), document=document, strict=strict
        )
        response = await self._peer.call(self._flows.ValidateFlow, request, seconds=_LONG_SECONDS)
        return Verdict(response.is_valid, response.dialect, _findings(response.findings))

    async def publish(self, *, organization_id: UUID, flow_id: UUID, taking: Taking, expected_digest: str) -> Published:
        """Publish the draft."""
        request = executor_pb2.PublishFlowRequest(
            organization_id=str(organization_id),
            flow_id=str(flow_id),
            policy=_POLICIES[taking.policy],
            moves=_moves(taking),
            note=taking.note,
            expected_digest=expected_digest,
        )
        response = await self._peer.call(self._flows.PublishFlow, request, seconds=_LONG_SECONDS)
        migration = _migration(response.migration) if response.HasField("migration") else None
        return Published(response.version, response.is_changed, False, _findings(response.findings), migration)

    async def progress(self, *, organization_id: UUID, flow_id: UUID, version: int) -> Version:
        """How far people have been taken along."""
        request = executor_pb2.GetPublishRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), version=version
        )
        return _version((await self._peer.call(self._flows.GetPublish, request, seconds=_SECONDS)).version)

    async def impact(self, *, organization_id: UUID, flow_id: UUID) -> Impact:
        """What publishing the draft would mean."""
        request = executor_pb2.GetPublishImpactRequest(organization_id=str(organization_id), flow_id=str(flow_id))
        response = await self._peer.call(self._flows.GetPublishImpact, request, seconds=_LONG_SECONDS)
        return Impact(
            nodes=tuple(map(_people, response.nodes)),
            people=response.people,
            people_on_changed_nodes=response.people_on_changed_nodes,
            people_on_gone_nodes=response.people_on_gone_nodes,
            unmapped_node_ids=tuple(response.unmapped_node_ids),
            draft_digest=response.draft_digest,
            published_version=response.published_version or None,
        )

    async def versions(self, *, organization_id: UUID, flow_id: UUID, skip: int, limit: int) -> VersionPage:
        """Versions, newest first."""
        request = executor_pb2.ListVersionsRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), skip=skip, limit=limit
        )
        response = await self._peer.call(self._flows.ListVersions, request, seconds=_SECONDS)
        return VersionPage(tuple(map(_version, response.versions)), response.total)

    async def version(self, *, organization_id: UUID, flow_id: UUID, version: int) -> VersionText:
        """A version with its document."""
        request = executor_pb2.GetVersionRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), version=version
        )
        response = await self._peer.call(self._flows.GetVersion, request, seconds=_SECONDS)
        return VersionText(_version(response.version), response.document)

    async def diff(self, *, organization_id: UUID, flow_id: UUID, before: int, after: int) -> Difference:
        """How two versions differ."""
        request = executor_pb2.DiffVersionsRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), from_version=before, to_version=after
        )
        return _difference(await self._peer.call(self._flows.DiffVersions, request, seconds=_LONG_SECONDS))

    async def rollback(self, *, organization_id: UUID, flow_id: UUID, version: int, taking: Taking) -> Published:
        """Publish an old version again."""
        request = executor_pb2.RollbackFlowRequest(
            organization_id=str(organization_id),
            flow_id=str(flow_id),
            version=version,
            policy=_POLICIES[taking.policy],
            moves=_moves(taking),
            note=taking.note,
        )
        response = await self._peer.call(self._flows.RollbackFlow, request, seconds=_LONG_SECONDS)
        migration = _migration(response.migration) if response.HasField("migration") else None
        return Published(response.version, response.is_changed, response.is_draft_changed, (), migration)

    async def import_(self, *, organization_id: UUID, name: str, document: bytes, dry_run: bool) -> ImportedFlow:
        """A new flow's draft from elsewhere."""
        request = executor_pb2.ImportFlowRequest(
            organization_id=str(organization_id), name=name, document=document, dry_run=dry_run
        )
        response = await self._peer.call(self._flows.ImportFlow, request, seconds=_LONG_SECONDS)
        flow = flow_of(response.flow) if response.HasField("flow") else None
        return ImportedFlow(flow, response.dialect, _findings(response.findings), response.document)

    async def export(self, *, organization_id: UUID, flow_id: UUID, version: int, form: Form) -> ExportedFlow:
        """A flow as a file."""
        is_native = form == "native"
        request = executor_pb2.ExportFlowRequest(
            organization_id=str(organization_id),
            flow_id=str(flow_id),
            version=version,
            form=executor_pb2.EXPORT_FORM_NATIVE if is_native else executor_pb2.EXPORT_FORM_ENVELOPE,
        )
        response = await self._peer.call(self._flows.ExportFlow, request, seconds=_SECONDS)
        return ExportedFlow(response.file_name, response.content, response.digest)


def flow_of(flow: executor_pb2.Flow) -> Flow:
    """A flow without its document."""
    return Flow(
        id=flow.flow_id,
        name=flow.name,
        published_version=flow.published_version,
        updated_at=_time(flow.updated_at),
        created_at=_time(flow.created_at),
        draft_digest=flow.draft_digest,
        has_unpublished_changes=flow.has_unpublished_changes,
    )


def _findings(findings: Iterable[executor_pb2.Finding]) -> tuple[Finding, ...]:
    return tuple(Finding(each.code, each.severity, each.node_id, each.message, each.mend) for each in findings)


def _moves(taking: Taking) -> list[executor_pb2.NodeMove]:
    return [executor_pb2.NodeMove(from_node_id=one, to_node_id=other) for one, other in taking.moves.items()]


def _version(version: executor_pb2.Version) -> Version:
    return Version(
        version=version.version,
        author=version.author,
        published_at=_time(version.published_at),
        digest=version.digest,
        note=version.note,
        rollback_of=version.rollback_of or None,
        is_published=version.is_published,
        migration=_migration(version.migration) if version.HasField("migration") else None,
    )


def _migration(migration: executor_pb2.Migration) -> Migration:
    return Migration(
        policy=_WORDS[migration.policy],
        moves={move.from_node_id: move.to_node_id for move in migration.moves},
        people_moved=migration.people_moved,
        people_left=migration.people_left,
        is_done=migration.is_done,
        begun_at=_time(migration.begun_at),
        done_at=_time(migration.done_at),
    )


def _people(each: executor_pb2.NodePeople) -> NodePeople:
    return NodePeople(each.version, each.node_id or None, each.node_type or None, each.people, _FATES[each.fate])


def _difference(response: executor_pb2.DiffVersionsResponse) -> Difference:
    return Difference(
        from_version=response.from_version or None,
        to_version=response.to_version or None,
        added_nodes=tuple(map(_node, response.added_nodes)),
        removed_nodes=tuple(map(_node, response.removed_nodes)),
        changed_nodes=tuple(map(_node, response.changed_nodes)),
        added_edges=tuple(map(_edge, response.added_edges)),
        removed_edges=tuple(map(_edge, response.removed_edges)),
        settings=tuple(map(_field, response.settings)),
        variables=tuple(map(_field, response.variables)),
        others=tuple(map(_field, response.others)),
        is_cut=response.is_cut,
    )


def _node(node: executor_pb2.NodeChange) -> NodeChange:
    return NodeChange(node.node_id, node.node_type, tuple(map(_field, node.fields)))


def _edge(edge: executor_pb2.EdgeChange) -> EdgeChange:
    return EdgeChange(edge.source, edge.target, edge.handle, edge.label)


def _field(field: executor_pb2.FieldChange) -> FieldChange:
    return FieldChange(field.path, field.before or None, field.after or None)


def _time(timestamp: Timestamp) -> datetime | None:
    """Protobuf's zero means that nobody set it."""
    return timestamp.ToDatetime(UTC) if timestamp.seconds or timestamp.nanos else None
